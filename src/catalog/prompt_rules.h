// SPDX-License-Identifier: Apache-2.0
// What a schema can't say about prompts. Used by check_kind_rules() only.
#pragma once

#include "base/json.h"

namespace slipway::catalog {

class ProblemList;

// `content` has passed its schema.
void check_prompt(const json::object& content, ProblemList& problems);

}  // namespace slipway::catalog
