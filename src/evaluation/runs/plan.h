// SPDX-License-Identifier: Apache-2.0
// From an evaluation asset and a request to a definition: everything that decides what a run does, pinned to
// exact versions, so that it can be carried out anywhere, later, and again. Blocks on the catalogue.
//
// A definition:
//   evaluation    {asset, version, digest}
//   use_case, environment
//   dataset       {asset, version, digest, cases_digest, split}
//   target        {kind: "release" | "prompt" | "matrix" | "model" | "http" | "responses", …}
//   cells         what is compared; each with a label and its pins (see targets.h)
//   metrics, thresholds, gate   as in the asset
//   metric_names, metric_kinds  of the metrics, one each
//   judges        of metrics that models judge; see judges/judge_plan.h
//   repeats, concurrency, attempts, error_share, budget, stream, seed
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/dataset_store.h"
#include "evaluation/runs/budget.h"
#include "evaluation/runs/executor.h"
#include "evaluation/runs/item_set.h"
#include "evaluation/runs/run.h"
#include "evaluation/runs/targets.h"

namespace slipway::evaluation {

struct PlanLimits {
  std::uint32_t cells = 100;
  std::int64_t items = 10'000'000;
  std::uint32_t concurrency = 256;  // at most
  std::uint32_t default_concurrency = 32;
};

struct PlanRequest {
  catalog::AssetName evaluation;
  std::string which = "latest";
  std::string use_case =
      {};  // for whom; empty: the evaluation's owner. A shared evaluation may be run for any
  std::string environment;
  // Each over what the asset says; null: as it says.
  std::optional<json::object> target;
  std::string dataset_version;  // empty: the latest
  std::optional<std::string> split;
  std::optional<std::int64_t> repeats;
  std::optional<std::int64_t> concurrency;
  std::optional<std::int64_t> attempts;
  std::optional<double> error_share;
  std::optional<json::object> budget;
  std::optional<bool> stream;
  std::optional<std::int64_t> seed;

  [[nodiscard]] const std::string& for_whom() const { return use_case.empty() ? evaluation.owner : use_case; }
};

struct PlanPorts {
  catalog::AssetStore& assets;
  catalog::DatasetStore& datasets;
  const ReleasePorts& releases;
  // "sha256:…" of uploaded responses; kNotFound.
  std::function<Result<std::string>(const std::string& owner, const std::string& upload)> responses_digest;
};

// kInvalidArgument says what can't be run and what to do about it.
Result<Run> make_run(const PlanPorts& ports, const PlanLimits& limits, const PlanRequest& request);

// ---- reading a definition

RunShape shape_of(const Run& run);
BudgetLimits budget_of(const json::object& definition);
// `base` with what the definition says.
ExecutorLimits limits_of(const json::object& definition, ExecutorLimits base);

}  // namespace slipway::evaluation
