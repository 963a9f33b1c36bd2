// SPDX-License-Identifier: Apache-2.0
// Simulated canaries for the tests and the benchmark of the comparison: calls that fail, take long and cost
// something at random, with a split that grows and a world that does not stand still.
#pragma once

#include <cmath>
#include <random>

#include "governance/canary.h"

namespace slipway::governance {

struct CanaryWorld {
  // Of what runs.
  double error_rate = 0.02;
  double seconds = 1.2;  // median; durations and costs are lognormal
  double dollars = 0.002;
  double spread = 0.8;  // of their logarithms
  double score_rate = 0.05;
  double good_scores = 0.8;
  // Of the candidate.
  double candidate_error_rate = 0.02;
  double slower = 1;
  double dearer = 1;
  double candidate_good_scores = 0.8;
  // Of both: an outage that hits a stretch of each step, and a slow change of durations.
  bool outages = true;
  int calls_per_slice = 10;
  int slices_per_step = 120;
  std::vector<double> percents = {5, 25, 50};
};

struct CanaryOutcome {
  bool ended = false;      // called worse at any of the looks
  std::int64_t calls = 0;  // until then, both arms
  std::int64_t candidate_calls = 0;
  std::string verdict;
};

// Runs one canary, looking at it after every slice; ends with its last step or when it is called worse.
inline CanaryOutcome simulate(const CanaryWorld& world, const CanaryGuards& guards, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::lognormal_distribution<double> spread(0, world.spread);
  Comparison comparison;
  CanaryOutcome outcome;
  for (std::size_t step = 0; step < world.percents.size(); ++step) {
    if (step > 0) begin_stage(comparison);
    for (int slice = 0; slice < world.slices_per_step; ++slice) {
      const double when = static_cast<double>(slice) / world.slices_per_step;
      // In the middle of every step, the provider fails half of all calls for a while.
      const double outage = world.outages && when > 0.5 && when < 0.58 ? 0.5 : 0;
      const double mood = world.outages ? 1 + 0.5 * std::sin(6.28 * when + static_cast<double>(step)) : 1;
      ReleaseFigures active;
      ReleaseFigures candidate;
      for (int call = 0; call < world.calls_per_slice; ++call) {
        const bool canary = uniform(random) * 100 < world.percents[step];
        ReleaseFigures& figures = canary ? candidate : active;
        const double rate = std::max(outage, canary ? world.candidate_error_rate : world.error_rate);
        const double seconds = world.seconds * mood * spread(random) * (canary ? world.slower : 1);
        const double dollars = world.dollars * spread(random) * (canary ? world.dearer : 1);
        ++figures.calls;
        figures.errors += uniform(random) < rate ? 1 : 0;
        figures.duration_sum += seconds;
        figures.duration_squares += seconds * seconds;
        ++figures.costed;
        figures.cost_sum += dollars;
        figures.cost_squares += dollars * dollars;
        if (uniform(random) < world.score_rate) {
          const double good = canary ? world.candidate_good_scores : world.good_scores;
          const double score = uniform(random) < good ? 1 : 0;
          ++figures.scores;
          figures.score_sum += score;
          figures.score_squares += score * score;
        }
      }
      observe(comparison, active, candidate);
      outcome.calls += world.calls_per_slice;
      outcome.candidate_calls += candidate.calls;
      Judgement judgement = judge(comparison, guards);
      outcome.verdict = std::move(judgement.verdict);
      if (judgement.worse) {
        outcome.ended = true;
        return outcome;
      }
    }
  }
  return outcome;
}

}  // namespace slipway::governance
