// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "cli/cli.h"

namespace slipway::app {

// What the command line shows of a file of cases without a server (cli::CasesContentFunction).
Result<json::object> cases_content(const cli::CasesFile& file);

}  // namespace slipway::app
