// SPDX-License-Identifier: Apache-2.0
// How good a judge of a run is, against people's labels in its dataset.
#include "api/handlers.h"
#include "api/run_handlers.h"
#include "base/text.h"
#include "evaluation/judges/calibrate.h"

namespace slipway::api {

namespace {

using evaluation::Calibration;
using evaluation::CalibrationRequest;
using evaluation::Estimate;
using governance::Permission;

json::object share_json(const Estimate& estimate) {
  json::object out{{"share", estimate.mean}, {"low", nullptr}, {"high", nullptr}, {"cases", estimate.count}};
  if (estimate.interval) {
    out["low"] = estimate.interval->low;
    out["high"] = estimate.interval->high;
  }
  return out;
}

json::value share_or_null(const std::optional<Estimate>& estimate) {
  return estimate ? json::value(share_json(*estimate)) : json::value(nullptr);
}

json::object calibration_json(const std::string& run, const Calibration& found) {
  json::object out{{"run", run},
                   {"metric", found.metric},
                   {"labels", found.labels},
                   {"cell", found.cell},
                   {"labelled", found.labelled()},
                   {"unreadable", found.unreadable},
                   {"judged", found.judged},
                   {"unjudged", found.unjudged},
                   {"true_positives", found.confusion.true_positives},
                   {"false_positives", found.confusion.false_positives},
                   {"true_negatives", found.confusion.true_negatives},
                   {"false_negatives", found.confusion.false_negatives},
                   {"accuracy", share_json(found.quality.accuracy)},
                   {"sensitivity", share_or_null(found.quality.sensitivity)},
                   {"specificity", share_or_null(found.quality.specificity)},
                   {"measured", share_json(found.measured)},
                   {"people", share_json(found.people)},
                   {"corrected", nullptr},
                   {"useful", nullptr},
                   {"note", found.note}};
  if (found.corrected)
    out["corrected"] = json::object{{"share", found.corrected->corrected},
                                    {"low", found.corrected->interval.low},
                                    {"high", found.corrected->interval.high},
                                    {"measured", found.corrected->measured},
                                    {"cases", found.corrected_cases}};
  if (found.useful) out["useful"] = *found.useful;
  return out;
}

Result<CalibrationRequest> read_request(const Request& request) {
  CalibrationRequest out;
  out.metric = request.param("metric");
  out.labels = request.param("labels");
  if (out.metric.empty())
    return fail(ErrorCode::kInvalidArgument, "which metric is meant is not said", "metric");
  if (const std::string_view cell = request.param("cell"); !cell.empty()) {
    const auto number = parse_integer<std::uint32_t>(cell);
    if (!number) return fail(ErrorCode::kInvalidArgument, "must be a variant's number, from 0", "cell");
    out.cell = *number;
  }
  return out;
}

}  // namespace

rt::Task<void> get_run_calibration(Request& request) {
  const auto run = co_await find_run(request, Permission::kView);
  const auto wanted = read_request(request);
  if (!run || !wanted) {
    co_await answer_error(request, first_error(run, wanted));
    co_return;
  }
  std::function<Result<Calibration>()> job = [&services = request.services, one = *run, what = *wanted] {
    return evaluation::calibrate_run(services.runs.store, services.datasets, one, what);
  };
  const auto found = co_await in_pool<Calibration>(request, std::move(job));
  if (!found)
    co_await answer_error(request, found.error());
  else
    co_await answer(request, 200, json::serialize(calibration_json(run->id, *found)));
}

}  // namespace slipway::api
