// SPDX-License-Identifier: Apache-2.0
// Files of this folder that are part of the program.
#pragma once

#include <string_view>

namespace slipway::evaluation {

std::string_view embedded_report_schema();  // gate_report.schema.json
std::string_view embedded_report_style();   // report.css
std::string_view embedded_report_script();  // report.js

}  // namespace slipway::evaluation
