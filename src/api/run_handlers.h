// SPDX-License-Identifier: Apache-2.0
// The handlers of /runs, and what they share.
#pragma once

#include "api/request.h"
#include "evaluation/runs/run.h"
#include "governance/permissions.h"

namespace slipway::api {

// The run in the path, if the caller may.
rt::Task<Result<evaluation::Run>> find_run(Request& request, governance::Permission permission);

// runs_results_api.cc
rt::Task<void> list_run_results(Request& request);
rt::Task<void> export_run(Request& request);
rt::Task<void> stream_run(Request& request);

// run_calibration_api.cc
rt::Task<void> get_run_calibration(Request& request);

}  // namespace slipway::api
