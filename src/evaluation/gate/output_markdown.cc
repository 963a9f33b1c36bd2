// SPDX-License-Identifier: Apache-2.0
// For the comment on a pull request.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "evaluation/gate/outputs.h"
#include "evaluation/gate/show.h"

namespace slipway::evaluation {

namespace {

// Text of others on one line in which nothing is markup, a mention, a link or a cell's end.
std::string tame(std::string_view text, std::size_t limit_bytes) {
  std::string out;
  for (const char c : to_valid_utf8(ellipsize(trim(text), limit_bytes))) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '@': out += "&#64;"; break;  // nobody is called by a case
      case '#': out += "&#35;"; break;  // nor an issue
      case ':': out += "&#58;"; break;  // nor is an address made a link
      case '\n':
      case '\r':
      case '\t': out += ' '; break;
      case '\\':
      case '`':
      case '*':
      case '_':
      case '{':
      case '}':
      case '[':
      case ']':
      case '(':
      case ')':
      case '+':
      case '-':
      case '.':
      case '!':
      case '|':
      case '~':
      case '$':
      case '=':
        out += '\\';
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
    }
  }
  return out;
}

// Only what can be nothing but an address.
std::string linked(const std::string& text, std::string_view address) {
  const bool plain =
      (address.starts_with("https://") || address.starts_with("http://")) && address.size() < 2'000 &&
      std::ranges::all_of(
          address,
          [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("-._~:/?#@!$&*+,;=%").contains(c);
          });
  return plain ? fmt::format("[{}]({})", text, address) : text;
}

std::string_view mark(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return "✅";
    case GateVerdict::kFail: return "❌";
    case GateVerdict::kInconclusive: return "❔";
    case GateVerdict::kError: return "⚠️";
    case GateVerdict::kSkipped: break;
  }
  return "➖";
}

std::string found(const ThresholdResult& one) {
  const std::string& metric = one.threshold.metric;
  if (!one.estimate) return "–";
  if (!one.difference) return tame(show_value(metric, *one.estimate), 100);
  return tame(fmt::format("{} ({} → {})", show_difference(one.threshold, *one.difference),
                          show_value(metric, one.baseline.value_or(0)), show_value(metric, *one.estimate)),
              200);
}

std::string interval_of(const ThresholdResult& one) {
  if (!one.difference) return tame(show_interval(one.threshold.metric, one.interval), 100);
  if (!one.difference_interval) return "–";
  return tame(fmt::format("{} to {}", show_difference(one.threshold, one.difference_interval->low),
                          show_difference(one.threshold, one.difference_interval->high)),
              100);
}

std::string head(const GateReport& report) {
  std::string out = fmt::format("## {} Gate: {}\n\n**{}**\n\n", mark(report.verdict),
                                to_string(report.verdict), tame(report.reason, 500));
  if (report.verdict == GateVerdict::kInconclusive || report.more_cases) {
    if (report.more_cases)
      out += fmt::format("**{}** would decide {}, if things are as they look (with a certainty of {} %).\n\n",
                         show_count(*report.more_cases, "more case", "more cases"),
                         report.more_cases_known ? "it" : "what can be decided",
                         show_number(100 * report.power));
    if (!report.more_cases_known)
      out += "Something stays open with any number of cases: the table says what and why.\n\n";
  }
  out += fmt::format("{} · {} · {}", tame(report.evaluation, 200),
                     linked(tame(report.candidate.name, 200), report.candidate.link),
                     report.baseline
                         ? "against " + linked(tame(report.baseline->name, 200), report.baseline->link)
                         : std::string("nothing to compare with yet"));
  if (!report.environment.empty()) out += " · " + tame(report.environment, 100);
  out += fmt::format(" · {}", show_count(report.candidate.cases, "case", "cases"));
  if (report.candidate.errors + report.candidate.missing > 0)
    out += fmt::format(", {}, {} missing", show_count(report.candidate.errors, "error", "errors"),
                       show_whole(report.candidate.missing));
  return out + "\n\n";
}

std::string thresholds_table(const GateReport& report) {
  if (report.thresholds.empty()) return {};
  std::string out = fmt::format(
      "| Verdict | Metric | Wanted | Found | {} interval | Cases | p (Holm) "
      "|\n|---|---|---|---|---|--:|--:|\n",
      show_confidence(report.alpha));
  std::vector<const ThresholdResult*> order;
  for (const ThresholdResult& one : report.thresholds) order.push_back(&one);
  const auto rank = [](const ThresholdResult* one) {
    switch (one->verdict) {
      case GateVerdict::kError: return 0;
      case GateVerdict::kFail: return 1;
      case GateVerdict::kInconclusive: return 2;
      case GateVerdict::kPass:
      case GateVerdict::kSkipped: break;
    }
    return 3;
  };
  std::ranges::stable_sort(order, {}, rank);
  for (const ThresholdResult* one : order)
    out +=
        fmt::format("| {} {} | {} | {} | {} | {} | {} | {} |\n", mark(one->verdict), to_string(one->verdict),
                    tame(one->threshold.metric, 100), tame(one->threshold.describe(), 200), found(*one),
                    interval_of(*one), show_whole(one->cases),
                    one->p_missed_holm ? tame(show_p(*one->p_missed_holm), 20) : "–");
  out += '\n';
  for (const ThresholdResult* one : order) {
    if (one->verdict == GateVerdict::kPass) continue;
    out += fmt::format("- **{}**: {}", tame(one->threshold.id, 200), tame(one->reason, 500));
    if (one->more_cases)
      out += fmt::format(" {} would decide.", show_count(*one->more_cases, "more case", "more cases"));
    out += '\n';
  }
  return out + '\n';
}

std::string cost_line(const GateReport& report) {
  const RunFacts& run = report.candidate;
  if (!run.cost_usd) return {};
  std::string out = fmt::format("**Cost** {} USD", tame(show_number(*run.cost_usd), 30));
  if (report.baseline && report.baseline->cost_usd)
    out += fmt::format(" (the baseline's run: {} USD)", tame(show_number(*report.baseline->cost_usd), 30));
  if (run.unpriced > 0)
    out += fmt::format("; {} without a known price", show_count(run.unpriced, "answer", "answers"));
  return out + "\n\n";
}

std::string worst_line(const WorstCase& one) {
  std::string failed;
  for (const std::string& metric : one.failed) {
    if (failed.size() > 150) {
      failed += " …";
      break;
    }
    failed += (failed.empty() ? "" : ", ") + tame(metric, 60);
  }
  std::string out = fmt::format(
      "- {} ({}): {}", linked(tame(one.case_id, 120), one.link),
      one.state == FailureState::kUnknown ? failed : fmt::format("{}, {}", to_string(one.state), failed),
      tame(one.reason, 200));
  if (!one.input.empty()) out += fmt::format(" — asked: {}", tame(one.input, 160));
  return out + '\n';
}

std::string group_line(const FailureGroup& group) {
  std::string tags;
  for (std::size_t i = 0; i < group.tags.size() && i < 3; ++i)
    tags += fmt::format("{}{} {}", i == 0 ? "" : ", ", tame(group.tags[i].first, 40), group.tags[i].second);
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", to_string(group.state), show_whole(group.cases),
                     group.metric.empty() ? "the call" : tame(group.metric, 60), tame(group.error_code, 60),
                     tame(group.reason, 160), tags);
}

std::string slice_line(const SliceResult& slice) {
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", tame(slice.tag, 60), tame(slice.metric, 60),
                     tame(show_value(slice.metric, slice.mean), 40),
                     slice.difference ? tame(show_number(*slice.difference), 40) : "–",
                     show_whole(slice.cases),
                     slice.p_benjamini_hochberg ? tame(show_p(*slice.p_benjamini_hochberg), 20) : "–");
}

// A part of the comment of which lines may be left out from the end.
struct Part {
  std::string head;
  std::vector<std::string> lines;
  std::size_t left_out = 0;  // that the report has left out already
};

// Adds as much of the part as fits, and says what doesn't.
void add_part(std::string& out, const Part& part, std::size_t limit) {
  constexpr std::size_t kSpare = 60;  // for what is said of the rest
  if (part.lines.empty() || out.size() + part.head.size() + part.lines.front().size() + kSpare > limit)
    return;
  out += part.head;
  std::size_t written = 0;
  for (const std::string& line : part.lines) {
    if (out.size() + line.size() + kSpare > limit) break;
    out += line;
    ++written;
  }
  const std::size_t rest = part.lines.size() - written + part.left_out;
  if (rest > 0) out += fmt::format("\nand {} more\n", show_whole(rest));
  out += '\n';
}

}  // namespace

std::string gate_markdown(const GateReport& report, std::size_t limit_bytes) {
  constexpr std::size_t kWorstShown = 10;
  constexpr std::size_t kGroupsShown = 20;
  constexpr std::size_t kSlicesShown = 15;
  const std::size_t limit = std::max(limit_bytes, kCommentLeast);
  std::string out = head(report);
  // A hundred thresholds with long names: the verdict stays whole.
  const std::string table = thresholds_table(report);
  if (out.size() + table.size() + 200 <= limit)
    out += table;
  else
    out += fmt::format("{} are too many to be shown here.\n\n",
                       show_count(report.thresholds.size(), "threshold", "thresholds"));
  const std::string cost = cost_line(report);
  if (out.size() + cost.size() <= limit) out += cost;

  Part worst{"**Worst cases**\n\n", {}, report.worst_left_out};
  for (const WorstCase& one : report.worst)
    worst.lines.size() < kWorstShown ? worst.lines.push_back(worst_line(one))
                                     : static_cast<void>(++worst.left_out);
  add_part(out, worst, limit);

  const FailureCounts& counts = report.failures;
  Part groups{
      fmt::format("**Failures**: {}\n\n| State | Cases | Metric | Error | Reason | Tags "
                  "|\n|---|--:|---|---|---|---|\n",
                  report.baseline ? fmt::format("{} new, {} persisting, {} fixed", show_whole(counts.fresh),
                                                show_whole(counts.persisting), show_whole(counts.fixed))
                                  : show_whole(counts.unknown)),
      {},
      report.groups_left_out};
  for (const FailureGroup& group : report.groups)
    groups.lines.size() < kGroupsShown ? groups.lines.push_back(group_line(group))
                                       : static_cast<void>(++groups.left_out);
  add_part(out, groups, limit);

  Part slices{
      "**Slices**\n\n| Tag | Metric | Mean | Against the baseline | Cases | p (Benjamini–Hochberg) |\n"
      "|---|---|--:|--:|--:|--:|\n",
      {},
      0};
  for (const SliceResult& slice : report.slices)
    slices.lines.size() < kSlicesShown ? slices.lines.push_back(slice_line(slice))
                                       : static_cast<void>(++slices.left_out);
  add_part(out, slices, limit);
  return out;
}

std::string gate_markdown(std::span<const GateReport> reports, std::size_t limit_bytes) {
  if (reports.size() == 1) return gate_markdown(reports.front(), limit_bytes);
  std::vector<GateVerdict> verdicts;
  for (const GateReport& report : reports) verdicts.push_back(report.verdict);
  const GateVerdict verdict = worst_verdict(verdicts);
  std::string out = fmt::format("## {} Gate: {}\n\n", mark(verdict), to_string(verdict));
  for (const GateReport& report : reports)
    out += fmt::format("- {}: **{}**\n", tame(report.evaluation, 200), to_string(report.verdict));
  const std::size_t each =
      limit_bytes > out.size() ? (limit_bytes - out.size()) / std::max<std::size_t>(reports.size(), 1) : 0;
  for (const GateReport& report : reports) out += "\n#" + gate_markdown(report, each > 2 ? each - 2 : 0);
  return out;
}

}  // namespace slipway::evaluation
