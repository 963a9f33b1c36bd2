// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/show.h"

#include <fmt/format.h>

#include <cmath>

namespace slipway::evaluation {

namespace {

std::string_view unit_of(std::string_view metric) {
  if (metric == "latency" || metric == "first_token") return " s";
  if (metric == "tokens_per_second") return " tokens/s";
  if (metric == "cost") return " USD";
  return "";
}

}  // namespace

std::string show_number(double number) {
  if (number == 0 || !std::isfinite(number)) return number == 0 ? "0" : "–";
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(number))));
  const int digits = std::min(std::max(0, 3 - magnitude), 12);
  std::string out = fmt::format("{:.{}f}", number, digits);
  if (out.find('.') != std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
  }
  return out == "-0" ? "0" : out;
}

std::string show_value(std::string_view metric, double value) {
  return show_number(value) + std::string(unit_of(metric));
}

std::string show_interval(std::string_view metric, const std::optional<Interval>& interval) {
  if (!interval) return "–";
  return fmt::format("{} to {}{}", show_number(interval->low), show_number(interval->high), unit_of(metric));
}

std::string show_difference(const Threshold& threshold, double difference) {
  const bool share =
      threshold.kind == ThresholdKind::kMaxDropShare || threshold.kind == ThresholdKind::kMaxRiseShare;
  const double shown = share ? 100 * difference : difference;
  return fmt::format("{}{}{}",
                     shown > 0   ? "+"
                     : shown < 0 ? "−"
                                 : "",
                     show_number(std::abs(shown)), share ? " %" : unit_of(threshold.metric));
}

std::string show_p(double p_value) {
  return p_value < 0.0001 ? "< 0.0001" : show_number(std::round(p_value * 1e4) / 1e4);
}

std::string show_whole(std::size_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string show_count(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", show_whole(count), count == 1 ? one : many);
}

std::string show_confidence(double alpha) { return fmt::format("{} %", show_number(100 * (1 - 2 * alpha))); }

}  // namespace slipway::evaluation
