// SPDX-License-Identifier: Apache-2.0
// The registry for people and programs outside: JSON, CSV for spreadsheets, Markdown for reading. Pure
// functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "governance/use_cases.h"

namespace slipway::governance {

json::object use_case_summary(const UseCase& use_case);  // UseCase of api/openapi.yaml
json::object use_case_detail(const UseCase& use_case);   // UseCaseDetail

enum class RegistryFormat : std::uint8_t { kCsv, kMarkdown, kJson };

// The whole registry as a file.
std::string export_registry(const std::vector<UseCase>& use_cases, const Questionnaire& questionnaire,
                            RegistryFormat format, std::int64_t now_us);

}  // namespace slipway::governance
