// SPDX-License-Identifier: Apache-2.0
// For terminals and for JUnit.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "evaluation/gate/outputs.h"
#include "evaluation/gate/show.h"

namespace slipway::evaluation {

namespace {

// On one line, without what a terminal would obey.
std::string tame(std::string_view text, std::size_t limit_bytes) {
  std::string out = to_valid_utf8(ellipsize(text, limit_bytes));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    if (c == '\n' || c == '\r' || c == '\t')
      out[i] = ' ';
    else if (c < 0x20 || c == 0x7f)
      out[i] = '?';
    // C1 controls are two bytes in UTF-8.
    if (c == 0xc2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xa0)
      out[i] = out[i + 1] = '?';
  }
  return out;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out += line + '\n';
  }
  return out;
}

std::string upper(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

std::string found(const ThresholdResult& one) {
  const std::string& metric = one.threshold.metric;
  if (one.difference)
    return fmt::format("{} ({} → {})", show_difference(one.threshold, *one.difference),
                       one.baseline ? show_value(metric, *one.baseline) : "–",
                       one.estimate ? show_value(metric, *one.estimate) : "–");
  return one.estimate ? show_value(metric, *one.estimate) : "–";
}

std::string interval_of(const ThresholdResult& one) {
  if (!one.difference) return show_interval(one.threshold.metric, one.interval);
  if (!one.difference_interval) return "–";
  return fmt::format("{} to {}", show_difference(one.threshold, one.difference_interval->low),
                     show_difference(one.threshold, one.difference_interval->high));
}

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : to_valid_utf8(text)) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\n': out += "&#10;"; break;
      case '\t': out += ' '; break;
      default:
        // XML 1.0 knows no other control characters, not even escaped.
        if (static_cast<unsigned char>(c) >= 0x20) out += c;
    }
  }
  // Nor U+FFFE and U+FFFF.
  for (const std::string_view none : {"\xef\xbf\xbe", "\xef\xbf\xbf"})
    for (std::size_t at = out.find(none); at != std::string::npos; at = out.find(none))
      out.erase(at, none.size());
  return out;
}

std::string details(const ThresholdResult& one) {
  std::string out =
      fmt::format("{}\nwanted: {} {}\nfound: {}\ninterval: {}\ncases: {}", one.reason, one.threshold.metric,
                  one.threshold.describe(), found(one), interval_of(one), one.cases);
  if (one.p_missed_holm) out += fmt::format("\np (Holm): {}", show_p(*one.p_missed_holm));
  if (one.more_cases) out += fmt::format("\nmore cases that would decide: {}", *one.more_cases);
  return out;
}

}  // namespace

std::string gate_text(const GateReport& report) {
  std::string out = fmt::format("{}  {}\n", upper(to_string(report.verdict)), tame(report.evaluation, 200));
  out += tame(report.reason, 500) + "\n";
  if (report.more_cases)
    out += fmt::format("{} would decide{}.\n", show_count(*report.more_cases, "more case", "more cases"),
                       report.more_cases_known ? "" : " some of it");
  out += fmt::format("\n{} on {}, {}", tame(report.candidate.name, 200), tame(report.dataset, 200),
                     show_count(report.candidate.cases, "case", "cases"));
  if (report.baseline) out += fmt::format(", against {}", tame(report.baseline->name, 200));
  if (report.candidate.cost_usd)
    out += fmt::format("; it cost {} USD", show_number(*report.candidate.cost_usd));
  out += "\n\n";
  std::vector<std::vector<std::string>> rows = {{"", "METRIC", "WANTED", "FOUND",
                                                 fmt::format("INTERVAL ({})", show_confidence(report.alpha)),
                                                 "CASES", "P"}};
  for (const ThresholdResult& one : report.thresholds)
    rows.push_back({std::string(to_string(one.verdict)), tame(one.threshold.metric, 60),
                    one.threshold.describe(), found(one), interval_of(one), show_whole(one.cases),
                    one.p_missed_holm ? show_p(*one.p_missed_holm) : "–"});
  out += table(rows);
  std::string open;
  for (const ThresholdResult& one : report.thresholds)
    if (one.verdict != GateVerdict::kPass)
      open += fmt::format("{}: {}\n", tame(one.threshold.id, 200), tame(one.reason, 500));
  if (!open.empty()) out += "\n" + open;
  const FailureCounts& counts = report.failures;
  if (report.groups.empty()) return out;
  out += report.baseline ? fmt::format("\nFailures: {} new, {} persisting, {} fixed\n", counts.fresh,
                                       counts.persisting, counts.fixed)
                         : fmt::format("\nFailures: {}\n", counts.unknown);
  constexpr std::size_t kShown = 10;
  rows.clear();
  for (const FailureGroup& group : report.groups) {
    if (rows.size() == kShown) break;
    rows.push_back({std::string(to_string(group.state)), show_whole(group.cases),
                    group.metric.empty() ? "call" : tame(group.metric, 60), tame(group.error_code, 60),
                    tame(group.reason, 100)});
  }
  out += table(rows);
  const std::size_t left = report.groups.size() + report.groups_left_out - rows.size();
  if (left > 0) out += fmt::format("and {} more\n", show_count(left, "group", "groups"));
  return out;
}

namespace {

struct JunitSuite {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::string text;

  [[nodiscard]] std::string counts() const {
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"", tests, failures, errors,
                       skipped);
  }
};

JunitSuite junit_suite(const GateReport& report) {
  JunitSuite out;
  std::string cases;
  for (const ThresholdResult& one : report.thresholds) {
    cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\">", xml(report.evaluation),
                         xml(one.threshold.id));
    const std::string inside = fmt::format("message=\"{}\" type=\"{}\">{}", xml(one.reason),
                                           to_string(one.verdict), xml(details(one)));
    switch (one.verdict) {
      case GateVerdict::kPass: cases += fmt::format("<system-out>{}</system-out>", xml(details(one))); break;
      case GateVerdict::kFail:
        ++out.failures;
        cases += fmt::format("<failure {}</failure>", inside);
        break;
      case GateVerdict::kInconclusive:
      case GateVerdict::kError:
        ++out.errors;
        cases += fmt::format("<error {}</error>", inside);
        break;
      case GateVerdict::kSkipped:
        ++out.skipped;
        cases += fmt::format("<skipped message=\"{}\"/>", xml(one.reason));
        break;
    }
    cases += "</testcase>\n";
  }
  // What no threshold says: too many errors, or nothing to judge by.
  const bool alone = report.verdict != GateVerdict::kPass && out.failures + out.errors == 0;
  if (alone) {
    ++out.errors;
    cases += fmt::format(
        "    <testcase classname=\"{}\" name=\"verdict\"><error message=\"{}\" "
        "type=\"{}\">{}</error></testcase>\n",
        xml(report.evaluation), xml(report.reason), to_string(report.verdict), xml(report.reason));
  }
  out.tests = report.thresholds.size() + (alone ? 1 : 0);
  out.text = fmt::format(
      "  <testsuite name=\"{}\" {}>\n    <properties><property name=\"verdict\" value=\"{}\"/></properties>\n"
      "{}  </testsuite>\n",
      xml(report.evaluation), out.counts(), to_string(report.verdict), cases);
  return out;
}

}  // namespace

std::string gate_junit(std::span<const GateReport> reports) {
  JunitSuite all;
  for (const GateReport& report : reports) {
    const JunitSuite one = junit_suite(report);
    all.tests += one.tests;
    all.failures += one.failures;
    all.errors += one.errors;
    all.skipped += one.skipped;
    all.text += one.text;
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"slipway gate\" {}>\n{}</testsuites>\n",
      all.counts(), all.text);
}

std::string gate_junit(const GateReport& report) { return gate_junit({&report, 1}); }

std::string gate_text(std::span<const GateReport> reports) {
  std::string out;
  for (const GateReport& report : reports) out += (out.empty() ? "" : "\n") + gate_text(report);
  return out;
}

}  // namespace slipway::evaluation
