// SPDX-License-Identifier: Apache-2.0
// Cases as rows of a table, for spreadsheets. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace slipway::catalog {

// The header of an exported table.
inline constexpr std::string_view kCaseTableHeader =
    "id,input,expected,context,tags,split,cluster,metadata,provenance\r\n";
// Appends a case's line as a row. What is no text stands there as JSON.
Result<> append_case_row(std::string& out, std::string_view line);

// A cell's value: JSON where it is an object, a list or a quoted text, else the text as it stands.
json::value value_of_cell(std::string text);

}  // namespace slipway::catalog
