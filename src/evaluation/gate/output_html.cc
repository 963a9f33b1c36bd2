// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "evaluation/gate/case_table.h"
#include "evaluation/gate/embedded.h"
#include "evaluation/gate/html_page.h"
#include "evaluation/gate/outputs.h"
#include "evaluation/gate/show.h"

namespace slipway::evaluation {

namespace {

std::string cell(std::string_view text) { return fmt::format("<td>{}</td>", html(text)); }
std::string number_cell(std::string_view text) { return fmt::format("<td class=\"n\">{}</td>", html(text)); }

std::string badge(std::string_view word) {
  return fmt::format("<span class=\"badge {}\">{}</span>", word, word);
}

// A table that scrolls by itself on narrow screens; `heads` beginning with "#" are numbers.
std::string table(std::string_view caption, const std::vector<std::string>& heads, const std::string& rows) {
  std::string out = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\"><table><caption>{}</caption><thead><tr>",
      html(caption), html(caption));
  for (const std::string& head : heads)
    out += head.starts_with('#') ? fmt::format("<th scope=\"col\" class=\"n\">{}</th>", html(head.substr(1)))
                                 : fmt::format("<th scope=\"col\">{}</th>", html(head));
  return out + "</tr></thead><tbody>" + rows + "</tbody></table></div>\n";
}

std::string head(const GateReport& report) {
  std::string out =
      fmt::format("<header><p class=\"what\">{}</p><h1>{} Gate: {}</h1><p class=\"reason\">{}</p>",
                  html(report.evaluation), badge(to_string(report.verdict)), to_string(report.verdict),
                  html(report.reason));
  if (report.more_cases)
    out += fmt::format(
        "<p><strong>{}</strong> would decide {}, with a certainty of {} %, if things are as they look.</p>",
        show_count(*report.more_cases, "more case", "more cases"),
        report.more_cases_known ? "it" : "what can be decided", show_number(100 * report.power));
  out += "<dl>";
  const auto fact = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, html(value));
  };
  const RunFacts& run = report.candidate;
  fact("Candidate", run.name);
  fact("Baseline", report.baseline ? report.baseline->name : "none");
  fact("Environment", report.environment);
  fact("Dataset", report.dataset);
  fact("Cases", fmt::format("{}, {}", show_whole(run.cases), show_count(run.answers, "answer", "answers")));
  fact("Errors", run.missing == 0
                     ? show_whole(run.errors)
                     : fmt::format("{}, {} missing", show_whole(run.errors), show_whole(run.missing)));
  if (run.cost_usd) fact("Cost", fmt::format("{} USD", show_number(*run.cost_usd)));
  return out + "</dl></header>\n";
}

std::string thresholds(const GateReport& report) {
  if (report.thresholds.empty()) return {};
  std::string rows;
  for (const ThresholdResult& one : report.thresholds) {
    const std::string& metric = one.threshold.metric;
    std::string interval = show_interval(metric, one.interval);
    if (one.difference)
      interval = one.difference_interval
                     ? fmt::format("{} to {}", show_difference(one.threshold, one.difference_interval->low),
                                   show_difference(one.threshold, one.difference_interval->high))
                     : "–";
    rows +=
        fmt::format("<tr><td>{}</td><th scope=\"row\">{}</th>", badge(to_string(one.verdict)), html(metric));
    rows += cell(one.threshold.describe());
    rows += number_cell(one.difference ? show_difference(one.threshold, *one.difference)
                        : one.estimate ? show_value(metric, *one.estimate)
                                       : "–");
    rows += number_cell(interval) + number_cell(show_whole(one.cases));
    rows += number_cell(one.p_missed_holm ? show_p(*one.p_missed_holm) : "–");
    std::string why = one.reason;
    if (one.more_cases)
      why += fmt::format(" {} would decide.", show_count(*one.more_cases, "more case", "more cases"));
    rows += fmt::format("<td class=\"why\">{}</td></tr>", html(why));
  }
  return "<section><h2>Thresholds</h2>" +
         table(fmt::format("What was wanted and found; intervals leave out {} % on each side",
                           show_number(100 * report.alpha)),
               {"Verdict", "Metric", "Wanted", "#Found", "#Interval", "#Cases", "#p (Holm)", "Why"}, rows) +
         "</section>\n";
}

std::string metrics(const GateReport& report) {
  const bool compared = report.baseline.has_value();
  std::string rows;
  std::string plots;
  for (const MetricSummary& metric : report.metrics) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", html(metric.name));
    rows += number_cell(metric.candidate ? show_value(metric.name, metric.candidate->mean) : "–");
    rows += number_cell(metric.candidate ? show_interval(metric.name, metric.candidate->interval) : "–");
    if (compared) {
      rows += number_cell(metric.baseline ? show_value(metric.name, metric.baseline->mean) : "–");
      rows += number_cell(metric.difference ? show_value(metric.name, metric.difference->mean) : "–");
      rows += number_cell(metric.difference ? show_interval(metric.name, metric.difference->interval) : "–");
    }
    rows += number_cell(show_whole(metric.scored)) + number_cell(show_whole(metric.errors));
    rows += number_cell(
        metric.passed + metric.failed > 0
            ? fmt::format("{} %", show_number(std::round(1000.0 * static_cast<double>(metric.passed) /
                                                         static_cast<double>(metric.passed + metric.failed)) /
                                              10))
            : "–");
    rows += "</tr>";
    plots += distribution_plot(metric, compared);
  }
  std::vector<std::string> heads = {"Metric", "#Mean", "#95 % interval"};
  if (compared) heads.insert(heads.end(), {"#Baseline", "#Difference", "#95 % interval"});
  heads.insert(heads.end(), {"#Answers", "#Errors", "#Passed"});
  std::string out = "<section><h2>Metrics</h2>" + table("Every metric over all cases", heads, rows);
  out += forest_plot(report);
  if (!plots.empty())
    out += fmt::format(
        "<h3>Distributions</h3><p class=\"legend\"><span class=\"key now\"></span> candidate{}</p><div "
        "class=\"grid\">{}</div>",
        compared ? " <span class=\"key then\"></span> baseline" : "", plots);
  if (const std::string latency = percentile_plot(report); !latency.empty())
    out += "<h3>Latency</h3>" + latency;
  return out + "</section>\n";
}

std::string prices(const GateReport& report) {
  const std::string plot = price_plot(report);
  if (plot.empty()) return {};
  std::string rows;
  for (const VariantPoint& point : report.variants)
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", html(point.name)) +
            number_cell(show_number(point.cost_usd)) + number_cell(show_number(point.quality)) +
            number_cell(show_interval("", point.quality_interval)) + cell(point.best ? "yes" : "no") +
            "</tr>";
  return "<section><h2>Price and quality</h2>" + plot +
         table("Variants",
               {"Variant", "#USD an answer", "#" + report.quality_metric, "#95 % interval", "On the front"},
               rows) +
         "</section>\n";
}

std::string failures(const GateReport& report) {
  const FailureCounts& counts = report.failures;
  if (report.groups.empty() && report.groups_left_out == 0)
    return "<section><h2>Failures</h2><p>No case failed.</p></section>\n";
  std::string rows;
  for (const FailureGroup& group : report.groups) {
    std::string tags;
    for (const auto& [tag, count] : group.tags)
      tags += fmt::format("{}{} {}", tags.empty() ? "" : ", ", tag, count);
    std::string examples;
    for (std::size_t i = 0; i < group.examples.size() && i < 5; ++i)
      examples += fmt::format("{}<a href=\"#case\" data-case=\"{}\">{}</a>", i == 0 ? "" : ", ",
                              html(group.examples[i]), html(group.examples[i]));
    rows += fmt::format("<tr><td>{}</td>", badge(to_string(group.state))) +
            number_cell(show_whole(group.cases)) + cell(group.metric.empty() ? "the call" : group.metric) +
            cell(group.error_code) + fmt::format("<td class=\"why\">{}</td>", html(group.reason)) +
            cell(tags) + fmt::format("<td>{}</td></tr>", examples);
  }
  std::string said = report.baseline
                         ? fmt::format("{} new, {} persisting, {} fixed.", show_whole(counts.fresh),
                                       show_whole(counts.persisting), show_whole(counts.fixed))
                         : fmt::format("{} failures.", show_whole(counts.unknown));
  if (report.groups_left_out > 0)
    said += fmt::format(" {} more groups are left out.", show_whole(report.groups_left_out));
  return fmt::format("<section><h2>Failures</h2><p>{}</p>", html(said)) +
         table("Failures with the same metric, error and nearly the same reason",
               {"Against the baseline", "#Cases", "Metric", "Error", "Reason", "Tags", "Worst cases"}, rows) +
         "</section>\n";
}

std::string slices(const GateReport& report) {
  if (report.slices.empty()) return {};
  constexpr std::size_t kShown = 200;
  std::string rows;
  for (std::size_t i = 0; i < report.slices.size() && i < kShown; ++i) {
    const SliceResult& slice = report.slices[i];
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", html(slice.tag)) + cell(slice.metric) +
            number_cell(show_whole(slice.cases)) + number_cell(show_value(slice.metric, slice.mean)) +
            number_cell(show_interval(slice.metric, slice.interval)) +
            number_cell(slice.difference ? show_value(slice.metric, *slice.difference) : "–") +
            number_cell(show_interval(slice.metric, slice.difference_interval)) +
            number_cell(slice.p_holm ? show_p(*slice.p_holm) : "–") +
            number_cell(slice.p_benjamini_hochberg ? show_p(*slice.p_benjamini_hochberg) : "–") + "</tr>";
  }
  return "<section><h2>Slices</h2><p>Each tag by itself. Among many slices some differ by chance: p is "
         "adjusted over all of them.</p>" +
         table("Metrics by tag",
               {"Tag", "Metric", "#Cases", "#Mean", "#95 % interval", "#Difference", "#95 % interval",
                "#p (Holm)", "#p (Benjamini–Hochberg)"},
               rows) +
         "</section>\n";
}

std::string explorer(const GateReport& report) {
  return fmt::format(
      "<section id=\"case\"><h2>Cases</h2><p>All {} with their scores; input, expected and given answer for "
      "the {} worst. The others "
      "are in the run.</p><form id=\"filter\" role=\"search\"><label>Search <input type=\"search\" "
      "id=\"text\" placeholder=\"id, or text of the "
      "worst\"></label><label>Metric <select id=\"metric\"><option "
      "value=\"\">any</option></select></label><label>Result <select "
      "id=\"result\"><option value=\"\">any</option><option value=\"f\">failed</option><option "
      "value=\"p\">passed</option><option "
      "value=\"e\">error</option></select></label><label>Tag <select id=\"tag\"><option "
      "value=\"\">any</option></select></label></form><p "
      "id=\"found\" role=\"status\"></p><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Cases\"><table "
      "id=\"cases\"><caption>Cases</caption><thead></thead><tbody></tbody></table></div><nav "
      "aria-label=\"Pages\"><button "
      "type=\"button\" id=\"before\">Previous</button><span id=\"page\"></span><button type=\"button\" "
      "id=\"next\">Next</button></nav><noscript><p>The case explorer needs JavaScript; everything above "
      "doesn't.</p></noscript></section>\n",
      show_count(report.candidate.cases, "case", "cases"), show_whole(report.worst.size()));
}

// A number with four digits at most, as JSON.
std::string short_number(double number) {
  std::string out = fmt::format("{:.4g}", number);
  return out;
}

// In a <script>, nothing may look like its end.
void append_text(std::string& out, std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  for (const char c : quoted) {
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
}

template <class T, class F>
void append_list(std::string& out, std::string_view key, const T& items, F&& one) {
  out += fmt::format(",\"{}\":[", key);
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    one(item);
  }
  out += ']';
}

// 'p', 'f', 'e' (an error), 'm' (measured only) or '-' for each case, and its values.
struct MetricColumn {
  std::string states;
  std::string values;
};

MetricColumn column_of(const CaseTable& table, std::size_t metric) {
  MetricColumn out;
  for (const CaseRow& row : table.rows()) {
    double sum = 0;
    std::size_t scored = 0;
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t errors = 0;
    for (const std::uint32_t at : row.answers) {
      const GateAnswer& answer = table.run().answers[at];
      if (!answer.error_code.empty()) {
        ++errors;
        continue;
      }
      const GateScore& score = answer.scores[metric];
      if (score.outcome == MetricOutcome::kError) ++errors;
      if (score.outcome != MetricOutcome::kScored) continue;
      sum += score.value;
      ++scored;
      if (score.passed) ++(*score.passed ? passed : failed);
    }
    const bool fails = failed > 0 && 2 * failed >= passed + failed;
    out.states += errors > 0 && errors >= scored ? 'e'
                  : fails                        ? 'f'
                  : passed > 0                   ? 'p'
                  : scored > 0                   ? 'm'
                                                 : '-';
    if (!out.values.empty()) out.values += ',';
    out.values += scored > 0 ? short_number(sum / static_cast<double>(scored)) : "null";
  }
  return out;
}

}  // namespace

std::string explorer_data(const GateReport& report, const GateRun& candidate, const GateRun* baseline) {
  const CaseTable table(candidate);
  std::string out = "{\"format\":1";
  const auto text = [&out](std::string_view item) { append_text(out, item); };
  append_list(out, "ids", table.rows(), [&](const CaseRow& row) { text(ellipsize(row.id, 200)); });
  // Tags by number.
  std::vector<std::string_view> tags;
  std::unordered_map<std::string_view, std::size_t> numbers;
  append_list(out, "tagged", table.rows(), [&](const CaseRow& row) {
    out += '[';
    bool first = true;
    for (const std::string& tag : candidate.answers[row.answers.front()].tags) {
      const auto [at, added] = numbers.try_emplace(tag, tags.size());
      if (added) tags.push_back(tag);
      out += fmt::format("{}{}", first ? "" : ",", at->second);
      first = false;
    }
    out += ']';
  });
  append_list(out, "tags", tags, [&](std::string_view tag) { text(ellipsize(tag, 100)); });
  std::optional<CaseTable> before;
  if (baseline != nullptr) before.emplace(*baseline);
  append_list(out, "metrics", candidate.metrics, [&](const GateMetric& metric) {
    const MetricColumn column = column_of(table, *table.metric(metric.name));
    out += "{\"name\":";
    text(metric.name);
    out += fmt::format(",\"states\":\"{}\",\"values\":[{}]", column.states, column.values);
    if (before) {
      if (const auto source = source_of(*before, metric.name)) {
        const CaseSeries now = series_of(table, *source_of(table, metric.name));
        const PairedSeries pairs = pair_series(table, now, *before, series_of(*before, *source));
        std::vector<std::string> values(table.rows().size(), "null");
        for (std::size_t i = 0; i < pairs.rows.size(); ++i)
          values[pairs.rows[i]] = short_number(pairs.baseline[i]);
        out += fmt::format(",\"before\":[{}]", fmt::join(values, ","));
      }
    }
    out += '}';
  });
  append_list(out, "worst", report.worst, [&](const WorstCase& one) {
    out += fmt::format("{{\"at\":{}", one.row);
    const std::pair<std::string_view, std::string_view> parts[] = {
        {"state", to_string(one.state)}, {"reason", one.reason}, {"input", one.input},
        {"expected", one.expected},      {"answer", one.answer}, {"link", one.link}};
    for (const auto& [name, value] : parts) {
      if (value.empty()) continue;
      out += fmt::format(",\"{}\":", name);
      text(value);
    }
    out += '}';
  });
  return out + '}';
}

std::string gate_html(const GateReport& report, const GateRun& candidate, const GateRun* baseline) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta "
      "http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
      "form-action "
      "'none'\"><title>Gate: {} – {}</title><style>{}</style></head><body><main>\n",
      to_string(report.verdict), html(report.evaluation), embedded_report_style());
  out += head(report) + thresholds(report) + failures(report) + metrics(report) + prices(report) +
         slices(report) + explorer(report);
  out += "</main><script type=\"application/json\" id=\"data\">";
  out += explorer_data(report, candidate, baseline);
  out += fmt::format("</script><script>{}</script></body></html>\n", embedded_report_script());
  return out;
}

}  // namespace slipway::evaluation
