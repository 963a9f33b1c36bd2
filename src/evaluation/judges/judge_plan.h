// SPDX-License-Identifier: Apache-2.0
// The judges of a run, pinned when it is planned and loaded when it is carried out. Blocks on the catalogue.
//
// A definition has them under `judges`, by the place of their entry ("metrics[0]", "metrics[2].all[1]"):
//   judge    the built-in one's name; empty: a prompt of one's own
//   scale    as JudgeScale::read() takes it
//   structured  false: providers are not sent the answer's schema
//   calls    that one answer takes at least
//   content  the built-in prompt, word for word: a run that goes on after an update asks what it asked before
//   cells    one a model: {judge (its name), models, and for a prompt of one's own prompt, parameters, …}
#pragma once

#include <cstdint>

#include "catalog/asset_store.h"
#include "evaluation/judges/judge_scorer.h"

namespace slipway::evaluation {

// For an evaluation's `metrics`; empty where no model judges. `self` is the evaluation, where references
// begin. Errors name the field, as "metrics[0].params.model".
Result<json::object> plan_judges(catalog::AssetStore& assets, const catalog::AssetName& self,
                                 const json::value& metrics);
Result<JudgePanels> load_judges(catalog::AssetStore& assets, const json::object& definition);
// Judge calls that one answer takes at least, all metrics together.
std::uint32_t judge_calls(const json::object& definition);

}  // namespace slipway::evaluation
