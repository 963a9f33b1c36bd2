// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them, the same in every output. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "evaluation/gate/gate_report.h"

namespace slipway::evaluation {

// Four significant digits, never an exponent: "0.0213", "12.35", "1240".
std::string show_number(double number);
// With the unit of a measure: "1.24 s", "0.00123 USD"; shares and figures of metrics are plain.
std::string show_value(std::string_view metric, double value);
std::string show_interval(std::string_view metric,
                          const std::optional<Interval>& interval);  // "0.81 to 0.93"
// With a sign: "+0.02", "−1.24 s"; a share of the baseline as percent.
std::string show_difference(const Threshold& threshold, double difference);
std::string show_p(double p_value);  // "0.034", "< 0.0001"
// "1,240 cases", "1 case".
std::string show_count(std::size_t count, std::string_view one, std::string_view many);
std::string show_whole(std::size_t count);  // "1,240"

// "alpha on each side" as the confidence of an interval: "90 %" for 0.05.
std::string show_confidence(double alpha);

}  // namespace slipway::evaluation
