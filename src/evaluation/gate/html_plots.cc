// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "evaluation/gate/html_page.h"
#include "evaluation/gate/show.h"

namespace slipway::evaluation {

namespace {

// Round steps between low and high: about `wanted` of them.
std::vector<double> ticks(double low, double high, int wanted) {
  const double rough = (high - low) / wanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double unit = rough / power;
  const double step = (unit < 1.5 ? 1 : unit < 3.5 ? 2 : unit < 7.5 ? 5 : 10) * power;
  std::vector<double> out;
  for (double at = std::ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step)
    out.push_back(std::abs(at) < step * 1e-9 ? 0 : at);
  return out;
}

struct Axis {
  double low = 0;
  double high = 1;
  double from = 0;  // pixels
  double to = 1;
  [[nodiscard]] double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

// On narrow screens wider ones scroll instead of getting too small to be read.
constexpr double kWide = 400;

std::string opened(double width, double height, std::string_view title, std::string_view description) {
  return fmt::format(
      "<svg{} viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}. {}\"><title>{}</title><desc>{}</desc>",
      width > kWide ? " class=\"wide\"" : "", width, height, html(title), html(description), html(title),
      html(description));
}

std::string label(double x, double y, std::string_view anchor, std::string_view text,
                  std::string_view css = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>", x, y,
                     anchor, css, html(text));
}

std::string line(double x1, double y1, double x2, double y2, std::string_view css) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>", x1, y1,
                     x2, y2, css);
}

std::string bottom_axis(const Axis& x, double y, int wanted) {
  std::string out = line(x.from, y, x.to, y, "axis");
  for (const double tick : ticks(x.low, x.high, wanted))
    out += line(x.at(tick), y, x.at(tick), y + 4, "axis") +
           label(x.at(tick), y + 17, "middle", show_number(tick));
  return out;
}

std::string captioned(std::string_view caption, std::string svg) {
  return fmt::format(
      "<figure><div class=\"plot\" tabindex=\"0\">{}</div><figcaption>{}</figcaption></figure>\n", svg,
      html(caption));
}

void widen(Axis& axis) {
  if (axis.high > axis.low) {
    const double room = 0.06 * (axis.high - axis.low);
    axis.low -= room;
    axis.high += room;
    return;
  }
  const double room = axis.low == 0 ? 1 : 0.1 * std::abs(axis.low);
  axis.low -= room;
  axis.high += room;
}

constexpr std::string_view kUnitOfLatency[] = {"latency", "first_token"};

}  // namespace

std::string distribution_plot(const MetricSummary& metric, bool with_baseline) {
  if (!metric.distribution) return {};
  constexpr double kWidth = 360;
  constexpr double kHeight = 170;
  const Distribution& shown = *metric.distribution;
  const std::size_t bins = shown.candidate.size();
  const bool both = with_baseline && !shown.baseline.empty();
  // Shares, so that runs of different sizes can be held against each other.
  const auto shares = [](const std::vector<std::size_t>& counts) {
    double total = 0;
    for (const std::size_t count : counts) total += static_cast<double>(count);
    std::vector<double> out;
    for (const std::size_t count : counts) out.push_back(total > 0 ? static_cast<double>(count) / total : 0);
    return out;
  };
  const std::vector<double> now = shares(shown.candidate);
  const std::vector<double> then = both ? shares(shown.baseline) : std::vector<double>{};
  double top = *std::ranges::max_element(now);
  if (both) top = std::max(top, *std::ranges::max_element(then));
  const Axis x{shown.low, shown.high, 54, kWidth - 12};
  const Axis y{0, top > 0 ? top : 1, kHeight - 26, 12};
  const std::string mean = metric.candidate ? show_value(metric.name, metric.candidate->mean) : "unknown";
  std::string svg = opened(
      kWidth, kHeight, "Distribution of " + metric.name,
      fmt::format(
          "mean {}{}", mean,
          both && metric.baseline ? ", baseline " + show_value(metric.name, metric.baseline->mean) : ""));
  const double width = (x.to - x.from) / static_cast<double>(bins);
  for (std::size_t i = 0; i < bins; ++i) {
    const double left = x.from + static_cast<double>(i) * width;
    const std::string tip =
        fmt::format("{} to {}: {} of the candidate{}",
                    show_number(shown.low + (shown.high - shown.low) * static_cast<double>(i) /
                                                static_cast<double>(bins)),
                    show_number(shown.low + (shown.high - shown.low) * static_cast<double>(i + 1) /
                                                static_cast<double>(bins)),
                    show_whole(shown.candidate[i]),
                    both ? fmt::format(", {} of the baseline", show_whole(shown.baseline[i])) : "");
    svg += fmt::format("<g><title>{}</title>", html(tip));
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"now\"/>",
                       left + 0.5, y.at(now[i]), width - 1, y.from - y.at(now[i]));
    if (both && then[i] > 0)
      svg += line(left + 0.5, y.at(then[i]), left + width - 0.5, y.at(then[i]), "then");
    svg += "</g>";
  }
  svg += label(48, y.to + 4, "end", fmt::format("{} %", show_number(std::round(1000 * top) / 10)));
  svg += label(48, y.from + 4, "end", "0");
  svg += bottom_axis(x, y.from, 5) + "</svg>";
  std::string_view unit;
  for (const std::string_view name : kUnitOfLatency) unit = metric.name == name ? " (s)" : unit;
  if (metric.name == "cost") unit = " (USD)";
  return captioned(fmt::format("{}{}: mean {}", metric.name, unit, mean), svg);
}

std::string forest_plot(const GateReport& report) {
  struct Row {
    std::string name;
    double middle = 0;
    std::optional<Interval> interval;
    std::string text;
  };
  // Units differ: every difference in standard deviations would hide what is meant, so shares stand together
  // and figures are given in shares of the baseline.
  std::vector<Row> rows;
  for (const MetricSummary& metric : report.metrics) {
    if (!metric.difference || !metric.baseline) continue;
    const bool figure = metric.kind == ScoreKind::kFigure;
    const double unit = figure ? std::abs(metric.baseline->mean) : 1;
    if (!(unit > 0)) continue;
    Row row;
    row.name = figure ? metric.name + ", relative" : metric.name;
    row.middle = 100 * metric.difference->mean / unit;
    if (metric.difference->interval)
      row.interval = Interval{100 * metric.difference->interval->low / unit,
                              100 * metric.difference->interval->high / unit};
    row.text =
        fmt::format("{}{}", row.middle > 0 ? "+" : "", show_number(std::round(row.middle * 100) / 100));
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return {};
  constexpr double kWidth = 760;
  constexpr double kRow = 28;
  Axis x{0, 0, 230, kWidth - 80};
  for (const Row& row : rows) {
    x.low = std::min({x.low, row.middle, row.interval ? row.interval->low : row.middle});
    x.high = std::max({x.high, row.middle, row.interval ? row.interval->high : row.middle});
  }
  widen(x);
  const double bottom = 10 + kRow * static_cast<double>(rows.size());
  std::string description;
  for (const Row& row : rows) description += fmt::format("{}: {}. ", row.name, row.text);
  std::string svg =
      opened(kWidth, bottom + 26, "Differences to the baseline with 95 % intervals", description);
  svg += line(x.at(0), 6, x.at(0), bottom, "zero");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const double y = 10 + kRow * (static_cast<double>(i) + 0.5);
    svg += label(220, y + 4, "end", ellipsize(row.name, 36), "name");
    if (row.interval) {
      svg += line(x.at(row.interval->low), y, x.at(row.interval->high), y, "span");
      svg += line(x.at(row.interval->low), y - 4, x.at(row.interval->low), y + 4, "span");
      svg += line(x.at(row.interval->high), y - 4, x.at(row.interval->high), y + 4, "span");
    }
    const bool clear = row.interval && (row.interval->low > 0 || row.interval->high < 0);
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" class=\"{}\"/>", x.at(row.middle), y,
                       clear ? "dot" : "dot open");
    svg += label(kWidth - 4, y + 4, "end", row.text);
  }
  svg += bottom_axis(x, bottom, 7) + "</svg>";
  return captioned(
      "Candidate less baseline, case by case, with 95 % intervals: scores in hundredths, figures in % of the "
      "baseline's mean. "
      "A filled dot: the interval leaves out 0.",
      svg);
}

std::string price_plot(const GateReport& report) {
  if (report.variants.size() < 2) return {};
  constexpr double kWidth = 760;
  constexpr double kHeight = 360;
  Axis x{report.variants.front().cost_usd, report.variants.front().cost_usd, 70, kWidth - 30};
  Axis y{1e300, -1e300, kHeight - 46, 16};
  for (const VariantPoint& point : report.variants) {
    x.low = std::min(x.low, point.cost_usd);
    x.high = std::max(x.high, point.cost_usd);
    y.low = std::min(
        {y.low, point.quality, point.quality_interval ? point.quality_interval->low : point.quality});
    y.high = std::max(
        {y.high, point.quality, point.quality_interval ? point.quality_interval->high : point.quality});
  }
  widen(x);
  widen(y);
  x.low = std::max(x.low, 0.0);
  std::string svg =
      opened(kWidth, kHeight, "Price against quality",
             fmt::format("{} variants; those on the Pareto front are filled", report.variants.size()));
  for (const double tick : ticks(y.low, y.high, 5))
    svg += line(x.from, y.at(tick), x.to, y.at(tick), "grid") +
           label(x.from - 8, y.at(tick) + 4, "end", show_number(tick));
  svg += bottom_axis(x, y.from, 6);
  svg += label((x.from + x.to) / 2, kHeight - 8, "middle", "USD an answer");
  std::vector<const VariantPoint*> front;
  for (const VariantPoint& point : report.variants)
    if (point.best) front.push_back(&point);
  std::ranges::sort(front, {}, [](const VariantPoint* point) { return point->cost_usd; });
  std::string path;
  for (const VariantPoint* point : front) {
    // Steps: what is between two variants can't be bought.
    path += path.empty() ? fmt::format("M{:.1f} {:.1f}", x.at(point->cost_usd), y.at(point->quality))
                         : fmt::format("H{:.1f}V{:.1f}", x.at(point->cost_usd), y.at(point->quality));
  }
  if (front.size() > 1) svg += fmt::format("<path d=\"{}\" class=\"front\"/>", path);
  for (const VariantPoint& point : report.variants) {
    const double px = x.at(point.cost_usd);
    if (point.quality_interval)
      svg += line(px, y.at(point.quality_interval->low), px, y.at(point.quality_interval->high), "span");
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\" class=\"{}\"><title>{}: {} USD, {}</title></circle>", px,
        y.at(point.quality), point.best ? "dot" : "dot open", html(point.name), show_number(point.cost_usd),
        show_number(point.quality));
    const bool right = px < 0.7 * kWidth;
    svg += label(px + (right ? 11 : -11), y.at(point.quality) - 8, right ? "start" : "end",
                 ellipsize(point.name, 40), "name");
  }
  svg += "</svg>";
  return captioned(fmt::format("Mean {} with its 95 % interval against the mean price of an answer. Filled: "
                               "no other variant is both cheaper "
                               "and better.",
                               report.quality_metric),
                   svg);
}

std::string percentile_plot(const GateReport& report) {
  std::vector<const MetricSummary*> shown;
  for (const MetricSummary& metric : report.metrics)
    if ((metric.name == "latency" || metric.name == "first_token") && metric.quantiles)
      shown.push_back(&metric);
  if (shown.empty()) return {};
  constexpr double kWidth = 760;
  constexpr double kRow = 40;
  Axis x{0, 0, 150, kWidth - 40};
  struct Row {
    std::string name;
    const Quantiles* quantiles;
    bool now;
  };
  std::vector<Row> rows;
  for (const MetricSummary* metric : shown) {
    rows.push_back({metric->name, &*metric->quantiles, true});
    if (metric->baseline_quantiles) rows.push_back({"… baseline", &*metric->baseline_quantiles, false});
  }
  for (const Row& row : rows) x.high = std::max(x.high, row.quantiles->p99);
  if (!(x.high > 0)) return {};
  x.high *= 1.06;
  const double bottom = 12 + kRow * static_cast<double>(rows.size());
  std::string description;
  for (const Row& row : rows)
    description += fmt::format("{}: median {} s, 90 % {} s, 95 % {} s, 99 % {} s. ", row.name,
                               show_number(row.quantiles->p50), show_number(row.quantiles->p90),
                               show_number(row.quantiles->p95), show_number(row.quantiles->p99));
  std::string svg = opened(kWidth, bottom + 26, "Latency percentiles", description);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const double y = 18 + kRow * (static_cast<double>(i) + 0.5);
    svg += label(140, y + 4, "end", row.name, "name");
    svg += line(x.at(row.quantiles->p50), y, x.at(row.quantiles->p99), y, row.now ? "span" : "span then");
    const std::pair<const char*, double> marks[] = {{"50", row.quantiles->p50},
                                                    {"90", row.quantiles->p90},
                                                    {"95", row.quantiles->p95},
                                                    {"99", row.quantiles->p99}};
    double last = -100;
    for (const auto& [name, value] : marks) {
      svg += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\" class=\"{}\"><title>{} %: {} s</title></circle>",
          x.at(value), y, row.now ? "dot" : "dot then", name, show_number(value));
      if (x.at(value) - last < 18) continue;
      last = x.at(value);
      svg += label(last, y - 9, "middle", name, "small");
    }
  }
  svg += bottom_axis(x, bottom, 7) + "</svg>";
  return captioned("Seconds within which 50, 90, 95 and 99 % of the cases were answered.", svg);
}

}  // namespace slipway::evaluation
