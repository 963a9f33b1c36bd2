// SPDX-License-Identifier: Apache-2.0
#include "governance/audit_json.h"

#include <fmt/format.h>

#include "base/text.h"

namespace slipway::governance {

namespace {

void append_field(std::string& out, std::string_view name, std::string_view value,
                  bool null_if_empty = false) {
  out += fmt::format(",\"{}\":", name);
  if (null_if_empty && value.empty())
    out += "null";
  else
    append_json_string(out, value);
}

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

}  // namespace

void append_audit_json(std::string& out, const AuditEntry& entry, bool exact_time) {
  out += fmt::format(R"({{"seq":{},"at":"{}")", entry.seq, format_time_us(entry.at_us));
  if (exact_time) out += fmt::format(",\"at_us\":{}", entry.at_us);
  out += R"(,"actor":{"id":)";
  append_json_string(out, entry.actor.id);
  append_field(out, "name", entry.actor.name);
  append_field(out, "kind", entry.actor.kind);
  out += '}';
  append_field(out, "action", entry.event.action);
  append_field(out, "object_type", entry.event.object_type);
  append_field(out, "object", entry.event.object);
  append_field(out, "use_case", entry.event.use_case, true);
  append_field(out, "environment", entry.event.environment, true);
  out += ",\"detail\":";
  // What somebody wrote over the database must not break the answer that shows it.
  if (const auto detail = parse_json(entry.detail_text); detail && detail->is_object()) {
    out += entry.detail_text;
  } else {
    out += "{\"unreadable\":";
    append_json_string(out, entry.detail_text);
    out += '}';
  }
  append_field(out, "digest", entry.digest);
  append_field(out, "previous", entry.previous);
  out += '}';
}

void append_audit_csv(std::string& out, const AuditEntry& entry) {
  out += std::to_string(entry.seq);
  const std::string at = format_time_us(entry.at_us);
  for (const std::string* const text :
       {&at, &entry.actor.id, &entry.actor.name, &entry.actor.kind, &entry.event.action,
        &entry.event.object_type, &entry.event.object, &entry.event.use_case, &entry.event.environment,
        &entry.detail_text, &entry.previous, &entry.digest}) {
    out += ',';
    append_csv_text(out, *text);
  }
  out += "\r\n";
}

json::object audit_report_json(const AuditReport& report, std::string_view file) {
  json::array problems;
  for (const AuditProblem& problem : report.problems)
    problems.emplace_back(json::object{{"seq", problem.seq}, {"detail", problem.detail}});
  return {{"ok", report.ok()},
          {"entries", report.entries},
          {"head", report.head},
          {"problems", std::move(problems)},
          {"anchors", json::object{{"file", std::string(file)}, {"checked", report.anchors_checked}}}};
}

}  // namespace slipway::governance
