// SPDX-License-Identifier: Apache-2.0
// Runs of evaluations as api/openapi.yaml shows them.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "evaluation/runs/engine.h"
#include "evaluation/runs/run.h"

namespace slipway::api {

// `progress`: what is known beyond the store of one that is executed here. `whole`: with its definition.
json::object run_json(const evaluation::Run& run, const std::optional<evaluation::RunProgress>& progress,
                      bool whole);
// A stored line.
Result<json::object> result_json(std::string_view line);

}  // namespace slipway::api
