// SPDX-License-Identifier: Apache-2.0
// Parts of the HTML report. For output_html.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/html.h"
#include "evaluation/gate/gate_report.h"

namespace slipway::evaluation {

// Short, since it stands at every text.
inline std::string html(std::string_view text) { return escape_html(text); }

// Plots as inline SVG, each a <figure> with a caption; colours are the page's classes. Empty where there is
// nothing to show.
std::string distribution_plot(const MetricSummary& metric, bool with_baseline);
std::string forest_plot(const GateReport& report);
std::string price_plot(const GateReport& report);
std::string percentile_plot(const GateReport& report);

// What the case explorer needs of all cases, as JSON without "<".
std::string explorer_data(const GateReport& report, const GateRun& candidate, const GateRun* baseline);

}  // namespace slipway::evaluation
