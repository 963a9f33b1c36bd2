// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/embedded.h"

#include "base/embed.h"

SLIPWAY_EMBED(gate_schema, SLIPWAY_GATE "/gate_report.schema.json");
SLIPWAY_EMBED(gate_style, SLIPWAY_GATE "/report.css");
SLIPWAY_EMBED(gate_script, SLIPWAY_GATE "/report.js");

namespace slipway::evaluation {

std::string_view embedded_report_schema() { return SLIPWAY_EMBEDDED(gate_schema); }
std::string_view embedded_report_style() { return SLIPWAY_EMBEDDED(gate_style); }
std::string_view embedded_report_script() { return SLIPWAY_EMBEDDED(gate_script); }

}  // namespace slipway::evaluation
