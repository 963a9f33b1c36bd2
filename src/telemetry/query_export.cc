// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <string>

#include "base/text.h"
#include "telemetry/json.h"
#include "telemetry/query_scan.h"
#include "telemetry/query_state.h"

namespace slipway::telemetry {

namespace {

constexpr std::uint32_t kRowsPerPage = 500;
constexpr std::uint32_t kRowsPerPageWithBodies = 50;

constexpr std::string_view kCsvHeader =
    "id,started_at,duration_ms,first_token_ms,upstream_ms,queue_ms,connect_ms,status,http_status,upstream_"
    "status,"
    "attempts,stream,operation,surface,use_case,environment,key_id,key_name,release,provider,connection,"
    "requested_model,response_model,finish_reason,error_code,error_message,request_id,trace_id,span_id,"
    "parent_span_id,end_user,peer,user_agent,input_tokens,cache_read_tokens,cache_write_tokens,output_tokens,"
    "reasoning_tokens,audio_input_tokens,audio_output_tokens,usage_estimated,cost_usd\r\n";

void append_csv_text(std::string& out, std::string_view text) {
  // A spreadsheet takes a cell that begins with one of these for a formula.
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_csv(std::string& out, const Invocation& item) {
  const auto comma = [&] { out += ','; };
  const auto text = [&](std::string_view value) {
    append_csv_text(out, value);
    comma();
  };
  const auto known = [&](std::int64_t value) {
    if (value >= 0) out += std::to_string(value);
    comma();
  };
  const auto duration = [&](std::int64_t us) {
    if (us >= 0) append_milliseconds(out, us);
    comma();
  };
  text(item.id.to_string());
  text(format_time_us(item.started_us));
  for (const std::int64_t us :
       {item.duration_us, item.first_token_us, item.upstream_us, item.queue_us, item.connect_us})
    duration(us);
  text(to_string(item.status));
  known(item.http_status);
  known(item.upstream_status);
  known(item.attempts);
  text(item.stream ? "true" : "false");
  for (const std::string* const value :
       {&item.operation,  &item.surface,         &item.use_case,       &item.environment,
        &item.key_id,     &item.key_name,        &item.release,        &item.provider,
        &item.connection, &item.requested_model, &item.response_model, &item.finish_reason,
        &item.error_code, &item.error_message,   &item.request_id,     &item.trace_id,
        &item.span_id,    &item.parent_span_id,  &item.end_user,       &item.peer,
        &item.user_agent}) {
    text(*value);
  }
  const Usage& usage = item.usage;
  for (const std::int64_t tokens : {usage.input, usage.cache_read, usage.cache_write, usage.output,
                                    usage.reasoning, usage.audio_input, usage.audio_output}) {
    known(tokens);
  }
  text(usage.estimated ? "true" : "false");
  if (item.cost_nano >= 0) out += format_usd(item.cost_nano);
  out += "\r\n";
}

}  // namespace

Result<std::uint64_t> TelemetryQuery::export_rows(const InvocationFilters& filters, ExportFormat format,
                                                  bool bodies,
                                                  const std::function<bool(std::string_view)>& sink) const {
  if (format == ExportFormat::kCsv) {
    bodies = false;  // a cell is no place for a document
    if (!sink(kCsvHeader)) return 0;
  }
  std::uint64_t rows = 0;
  std::optional<ScanPosition> after;
  std::string out;
  while (true) {
    // Page by page, each in a short transaction: a slow client must not keep a snapshot and with it the log.
    SLIPWAY_ASSIGN(
        ScanResult found, state_->with_session<ScanResult>([&](ReadSession& session) -> Result<ScanResult> {
          SLIPWAY_ASSIGN(Scan scan, Scan::prepare(session, filters));
          SLIPWAY_ASSIGN(ScanResult page,
                         scan.newest_first(after, {.matches = bodies ? kRowsPerPageWithBodies : kRowsPerPage,
                                                   .rows = state_->options.scan_rows,
                                                   .bytes = state_->options.scan_bytes}));
          if (!bodies) return page;
          SLIPWAY_ASSIGN(Statement place,
                         session.connection().prepare(std::string("SELECT ") + kInvocationColumns +
                                                      " FROM invocations WHERE sequence = ?1"));
          for (Invocation& item : page.items) {
            SLIPWAY_ASSIGN(const bool row, place.bind(1, static_cast<std::int64_t>(item.sequence)).step());
            if (row) SLIPWAY_TRY(load_bodies(session, place, item));
            place.reset();
          }
          return page;
        }));
    for (const Invocation& item : found.items) {
      out.clear();
      if (format == ExportFormat::kCsv) {
        append_csv(out, item);
      } else {
        append_json(out, item, bodies);
        out += '\n';
      }
      if (!sink(out)) return rows;
      ++rows;
    }
    if (!found.more) return rows;
    after = found.last;
  }
}

}  // namespace slipway::telemetry
