// SPDX-License-Identifier: Apache-2.0
// The reader of tables. Used by read_cases() only.
#pragma once

#include <memory>

#include "catalog/case_reader.h"
#include "catalog/line_source.h"

namespace slipway::catalog {

Result<std::unique_ptr<CaseReader>> read_table(std::unique_ptr<LineSource> source,
                                               const ReadOptions& options);

}  // namespace slipway::catalog
