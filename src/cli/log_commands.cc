// SPDX-License-Identifier: Apache-2.0
// logs: tail, search, show, export.
#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "base/clock.h"
#include "base/json.h"
#include "base/settings.h"
#include "base/text.h"
#include "cli/command_parts.h"
#include "cli/event_lines.h"

namespace slipway::cli {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct LogOptions {
  std::string use_case;
  std::string environment;
  std::string key;
  std::string provider;
  std::string model;
  std::string status;
  std::string since;
  std::string from;
  std::string to;
  std::vector<std::string> words;
  std::int64_t limit = 100;
  std::string id;
  std::string format = "jsonl";
  std::string file;
  bool bodies = false;
};

Parameters filters(const LogOptions& options) {
  return {{"use_case", options.use_case}, {"environment", options.environment},
          {"key", options.key},           {"provider", options.provider},
          {"model", options.model},       {"status", options.status}};
}

Result<std::string> moment(const std::string& text, const std::string& option) {
  if (text.empty()) return std::string();
  if (const auto time = parse_time_us(text)) return format_time_us(*time);
  return fail(ErrorCode::kInvalidArgument, "\"" + text + "\" is not a time", option,
              "write RFC 3339, for instance 2026-11-23T14:00:00Z, or use --since 1h");
}

Result<Parameters> range_and_filters(const LogOptions& options) {
  Parameters out = filters(options);
  std::string from;
  if (!options.since.empty()) {
    auto seconds = parse_duration(options.since, DurationUnit::kSeconds);
    if (!seconds) {
      seconds.error().where = "--since";
      return fail(std::move(seconds).error());
    }
    from = format_time_us(unix_now_us() - static_cast<std::int64_t>(*seconds) * 1'000'000);
  }
  if (!options.from.empty()) {
    SLIPWAY_ASSIGN(from, moment(options.from, "--from"));
  }
  SLIPWAY_ASSIGN(const std::string to, moment(options.to, "--to"));
  std::string words;
  for (const std::string& word : options.words) words += (words.empty() ? "" : " ") + word;
  out.emplace_back("from", from);
  out.emplace_back("to", to);
  out.emplace_back("q", words);
  return out;
}

std::string tokens_of(const json::object& call) {
  const json::value* usage = call.if_contains("usage");
  if (usage == nullptr || !usage->is_object()) return "-";
  const auto sum = [&](std::initializer_list<std::string_view> fields) {
    std::int64_t total = 0;
    bool known = false;
    for (const std::string_view field : fields)
      if (const json::value* value = usage->as_object().if_contains(field);
          value != nullptr && value->is_int64()) {
        total += value->as_int64();
        known = true;
      }
    return known ? std::to_string(total) : std::string("-");
  };
  return sum({"input", "cache_read", "cache_write"}) + " / " + sum({"output", "reasoning"});
}

Color color_of(std::string_view status) {
  if (status == "ok") return Color::kGreen;
  if (status == "limited" || status == "interrupted") return Color::kYellow;
  return Color::kRed;
}

const json::value& field_of(const json::object& object, std::string_view field) {
  static const json::value null;
  const json::value* value = object.if_contains(field);
  return value == nullptr ? null : *value;
}

std::vector<Cell> row_of(const json::object& call) {
  const std::string status = text_of(call, "status");
  const std::string model = text_of(call, "response_model");
  const std::string cost = text_of(call, "cost_usd");
  return {short_time(text_of(call, "started_at")),
          Cell(status, color_of(status)),
          text_of(call, "use_case"),
          text_of(call, "environment"),
          model.empty() ? text_of(call, "requested_model") : model,
          Cell::number(tokens_of(call)),
          Cell::number(cost.empty() ? "unknown" : "$" + cost),
          Cell::number(short_duration(field_of(call, "duration_ms"))),
          Cell(text_of(call, "id"), Color::kDim)};
}

const std::vector<std::string> kHead{"TIME (UTC)",      "STATUS", "USE CASE", "ENVIRONMENT", "MODEL",
                                     "TOKENS IN / OUT", "COST",   "DURATION", "ID"};

// Columns of a tail can't know what is still to come: fixed widths, and what is too long is cut.
std::string tail_line(const Output& output, const json::object& call) {
  const auto fit = [](const std::string& text, std::size_t width) {
    std::string out = printable(text);
    if (out.size() > width) out = ellipsize(out, width - 1);
    return out + std::string(out.size() < width ? width - out.size() : 0, ' ');
  };
  const std::vector<Cell> cells = row_of(call);
  constexpr std::array<std::size_t, 9> widths{19, 14, 20, 10, 26, 14, 14, 9, 36};
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i)
    line += (i == 0 ? "" : "  ") + output.paint(fit(cells[i].text, widths[i]), cells[i].color);
  const json::value& error = field_of(call, "error");
  if (error.is_object()) line += "  " + printable(text_of(error.as_object(), "message"));
  return line;
}

int tail(const Context& context, const LogOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  if (!output.json()) output.note("Waiting for calls on " + api->access().url + " (Ctrl-C ends)");
  EventLines events([&](std::string_view event, std::string_view data) {
    const auto value = parse_json(data);
    if (!value || !value->is_object()) return;
    if (event == "skipped") {
      output.note("slipway: too slow; " + text_of(value->as_object(), "count") + " calls were left out");
    } else if (event == "invocation") {
      if (output.json())
        output.print_json(*value, false);
      else
        output.line(tail_line(output, value->as_object()));
      output.out().flush();
    }
  });
  const auto ended = api->stream("/api/v1/invocations/stream" + query_string(filters(options)),
                                 "text/event-stream", [&](std::string_view piece) {
                                   events.feed(piece);
                                   return output.out().good();
                                 });
  if (!ended) return output.fail(ended.error());
  output.note("slipway: the server ended the stream");
  return kExitUnreachable;
}

int search(const Context& context, const LogOptions& options) {
  const Output output = context.output();
  auto parameters = range_and_filters(options);
  if (!parameters) return output.fail(parameters.error());
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  json::array found;
  std::string cursor;
  std::string until;
  const auto limit = static_cast<std::size_t>(options.limit);
  while (found.size() < limit) {
    Parameters page = *parameters;
    page.emplace_back("cursor", cursor);
    page.emplace_back("limit", std::to_string(std::min<std::size_t>(limit - found.size(), 500)));
    const auto answer = api->get("/api/v1/invocations" + query_string(page));
    if (!answer) return output.fail(answer.error());
    if (!answer->is_object())
      return output.fail({ErrorCode::kInternal, "the server's answer is no page", "", ""});
    const json::object& object = answer->as_object();
    if (const json::value& items = field_of(object, "items"); items.is_array())
      for (const json::value& item : items.as_array()) found.push_back(item);
    cursor = text_of(object, "next_cursor");
    until = text_of(object, "searched_until");
    if (cursor.empty()) break;
  }
  if (output.json()) {
    output.print_json(
        {{"items", found}, {"next_cursor", cursor.empty() ? json::value(nullptr) : json::value(cursor)}});
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : found)
    if (item.is_object()) rows.push_back(row_of(item.as_object()));
  if (rows.empty())
    output.note("No calls found" + std::string(options.since.empty() && options.from.empty()
                                                   ? " in the last hour; --since 7d looks further back"
                                                   : ""));
  else
    output.table(kHead, rows);
  if (!cursor.empty())
    output.note("There are more: raise --limit or narrow the search" +
                (until.empty() ? "" : " (searched back to " + short_time(until) + ")"));
  return kExitDone;
}

void show_body(const Output& output, std::string_view title, const json::value& body) {
  output.line("");
  output.line(output.paint(title, Color::kBold));
  if (!body.is_string()) {
    output.line(output.paint("not kept (capture policy of the environment)", Color::kDim));
    return;
  }
  const std::string text(body.as_string());
  if (const auto parsed = parse_json(text)) {
    output.print_json(*parsed);
    return;
  }
  for (const std::string_view line : split(text, '\n')) output.line(printable(line));
}

int show(const Context& context, const LogOptions& options) {
  const Output output = context.output();
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  const auto answer = api->get("/api/v1/invocations/" + url_encode(options.id));
  if (!answer) return output.fail(answer.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  if (!answer->is_object())
    return output.fail({ErrorCode::kInternal, "the server's answer is no call", "", ""});
  const json::object& call = answer->as_object();
  std::vector<std::vector<Cell>> rows;
  for (const auto& [key, value] : call) {
    if (key == "request_body" || key == "response_body" || key == "input_preview" || key == "output_preview")
      continue;
    if (value.is_null() || (value.is_string() && value.as_string().empty())) continue;
    std::string text = text_of(call, key);
    const bool is_status = key == "status";
    rows.push_back(
        {Cell(std::string(key), Color::kDim), Cell(text, is_status ? color_of(text) : Color::kNone)});
  }
  output.table({"FIELD", "VALUE"}, rows);
  show_body(output, "Request", field_of(call, "request_body"));
  show_body(output, "Response", field_of(call, "response_body"));
  return kExitDone;
}

int export_calls(const Context& context, const LogOptions& options) {
  const Output output = context.output();
  auto parameters = range_and_filters(options);
  if (!parameters) return output.fail(parameters.error());
  parameters->emplace_back("format", options.format);
  if (options.bodies) parameters->emplace_back("bodies", "true");
  const auto api = context.api();
  if (!api) return output.fail(api.error());
  return save_stream(output, *api, "/api/v1/invocations/export" + query_string(*parameters),
                     options.format == "csv" ? "text/csv" : "application/x-ndjson", options.file);
}

void add_filters(Command command, LogOptions& options) {
  command->add_option("--use-case", options.use_case, "Only this use case")->type_name("SLUG");
  command->add_option("--environment", options.environment, "Only this environment")->type_name("NAME");
  command->add_option("--key", options.key, "Only this key's id")->type_name("ID");
  command->add_option("--provider", options.provider, "Only this provider")->type_name("NAME");
  command->add_option("--model", options.model, "Only this model")->type_name("NAME");
  command
      ->add_option("--status", options.status,
                   "ok, client_error, limited, upstream_error, interrupted, blocked, "
                   "internal_error; commas separate; error: all but ok")
      ->type_name("STATUS");
}

void add_range(Command command, LogOptions& options) {
  command->add_option("--since", options.since, "The last 15m, 6h, 7d, …")->type_name("DURATION");
  command->add_option("--from", options.from, "Start (RFC 3339)")->type_name("TIME");
  command->add_option("--to", options.to, "End, exclusive (RFC 3339)")->type_name("TIME");
}

}  // namespace

void add_log_commands(Command app, Context& context) {
  Command logs = app.add_subcommand("logs", "Recorded calls: tail, search, show, export");
  logs->require_subcommand(1);
  auto options = std::make_shared<LogOptions>();

  Command command = logs->add_subcommand("tail", "Print calls as they end");
  add_filters(command, *options);
  on_call(command, context, options, tail);

  command = logs->add_subcommand("search", "Find calls; words must all occur in bodies, errors or ids");
  command->add_option("words", options->words, "Words to look for")->type_name("WORD");
  add_filters(command, *options);
  add_range(command, *options);
  command->add_option("--limit", options->limit, "At most so many")
      ->type_name("N")
      ->check(between(std::int64_t{1}, std::int64_t{100'000}))
      ->show_default();
  on_call(command, context, options, search);

  command = logs->add_subcommand("show", "Print one call with its bodies");
  command->add_option("id", options->id, "The call's id")->required()->type_name("ID");
  on_call(command, context, options, show);

  command = logs->add_subcommand("export", "Write matching calls as JSON lines or CSV");
  command->add_option("words", options->words, "Words to look for")->type_name("WORD");
  add_filters(command, *options);
  add_range(command, *options);
  command->add_option("--format", options->format, "jsonl or csv")
      ->check(one_of({"jsonl", "csv"}))
      ->show_default();
  command->add_option("-o,--output", options->file, "File; else standard output")->type_name("FILE");
  command->add_flag("--bodies", options->bodies, "With request and response bodies (JSON lines only)");
  on_call(command, context, options, export_calls);
}

}  // namespace slipway::cli
