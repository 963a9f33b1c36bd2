// SPDX-License-Identifier: Apache-2.0
// The groups of programmatic scorers. For metric.cc only.
#pragma once

#include <memory>
#include <utility>

#include "evaluation/metrics/metric.h"
#include "evaluation/metrics/params.h"

namespace slipway::evaluation {

// A scorer out of a function: const CaseView& -> Result<Score>. `whole`: a share that passes at 1.
template <class F>
std::shared_ptr<const Scorer> make_scorer(ScoreKind kind, F function, bool whole = false) {
  class Made final : public Scorer {
   public:
    Made(ScoreKind scored, F&& scoring, bool all)
        : kind_(scored), whole_(all), function_(std::move(scoring)) {}
    [[nodiscard]] ScoreKind kind() const override { return kind_; }
    [[nodiscard]] std::optional<double> passes_from() const override {
      return whole_ ? std::optional<double>(1) : Scorer::passes_from();
    }
    [[nodiscard]] Result<Score> score(const CaseView& view) const override { return function_(view); }

   private:
    ScoreKind kind_;
    bool whole_;
    F function_;
  };
  return std::make_shared<const Made>(kind, std::move(function), whole);
}

// A factory out of a function: Params& -> Result<std::shared_ptr<const Scorer>>, which needn't check for
// parameters that are too many.
template <class F>
ScorerFactory factory_of(F function) {
  return [function](const json::object& object,
                    const std::string& path) -> Result<std::shared_ptr<const Scorer>> {
    Params params(object, path);
    auto made = function(params);
    if (!made) return made;
    SLIPWAY_TRY(params.finish());
    return made;
  };
}

// A factory of a figure: const CaseView& -> Result<Score>. Its limits, min and max, are read by MetricSpec.
template <class F>
ScorerFactory figure_of(F function) {
  return factory_of([function](Params& params) -> Result<std::shared_ptr<const Scorer>> {
    params.any("min");
    params.any("max");
    return make_scorer(ScoreKind::kFigure, function);
  });
}

void add_text_scorers(ScorerFactories& factories);
void add_overlap_scorers(ScorerFactories& factories);
void add_structure_scorers(ScorerFactories& factories);
void add_call_scorers(ScorerFactories& factories);

}  // namespace slipway::evaluation
