// SPDX-License-Identifier: Apache-2.0
// How often canaries are ended and after how many calls, by simulation: what docs/release-and-promote.md says
// about the guards comes from this table. Beside it, what people do without a sequential test: a two-sample
// test of the error rates at every look.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "governance/test_canary_world.h"

namespace slipway::governance {
namespace {

constexpr int kCanaries = 2'000;

struct Row {
  std::string_view what;
  CanaryWorld world;
};

CanaryWorld changed(auto change) {
  CanaryWorld world;
  change(world);
  return world;
}

// A z-test of two proportions after every slice, as a dashboard invites one to do.
bool naive_ends(const CanaryWorld& world, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  double calls_a = 0;
  double calls_c = 0;
  double errors_a = 0;
  double errors_c = 0;
  for (const double percent : world.percents) {
    for (int slice = 0; slice < world.slices_per_step; ++slice) {
      for (int call = 0; call < world.calls_per_slice; ++call) {
        const bool canary = uniform(random) * 100 < percent;
        (canary ? calls_c : calls_a) += 1;
        if (uniform(random) < world.error_rate) (canary ? errors_c : errors_a) += 1;
      }
      if (calls_a < 30 || calls_c < 30) continue;
      const double pooled = (errors_a + errors_c) / (calls_a + calls_c);
      const double deviation = std::sqrt(pooled * (1 - pooled) * (1 / calls_a + 1 / calls_c));
      if (deviation > 0 && (errors_c / calls_c - errors_a / calls_a) / deviation > 1.645) return true;
    }
  }
  return false;
}

void print(const Row& row, const CanaryGuards& guards) {
  std::mt19937_64 random(1);
  int ended = 0;
  std::vector<std::int64_t> candidate_calls;
  for (int i = 0; i < kCanaries; ++i) {
    const CanaryOutcome outcome = simulate(row.world, guards, random);
    if (!outcome.ended) continue;
    ++ended;
    candidate_calls.push_back(outcome.candidate_calls);
  }
  std::ranges::sort(candidate_calls);
  const auto at = [&](double share) {
    if (candidate_calls.empty()) return std::string("-");
    return std::to_string(candidate_calls[static_cast<std::size_t>(share * (candidate_calls.size() - 1))]);
  };
  fmt::print("{:<58} {:>7.1f} % {:>8} {:>8}\n", row.what, 100.0 * ended / kCanaries, at(0.5), at(0.9));
}

}  // namespace
}  // namespace slipway::governance

int main() {
  using namespace slipway::governance;
  CanaryGuards strict;
  strict.error_rate = 0;
  strict.latency = 1;
  strict.cost = 1;
  strict.feedback = 0;
  const CanaryWorld equal;
  fmt::print(
      "{} canaries a row: {} calls in steps of 5, 25 and 50 %, one look every {} calls, alpha 0.05.\n"
      "Errors 2 %, an outage of both in each step; durations and costs lognormal.\n\n",
      kCanaries, equal.calls_per_slice * equal.slices_per_step * 3, equal.calls_per_slice);
  fmt::print("{:<58} {:>9} {:>8} {:>8}\n", "candidate", "ended", "median", "90 %");
  fmt::print("{:<58} {:>9} {:>8} {:>8}\n", "", "", "calls", "calls");
  std::mt19937_64 random(1);
  int naive = 0;
  for (int i = 0; i < kCanaries; ++i) naive += naive_ends(equal, random) ? 1 : 0;
  fmt::print("{:<58} {:>7.1f} %\n", "equal, errors by a z-test at every look (for comparison)",
             100.0 * naive / kCanaries);
  print({"equal, guards without margins", equal}, strict);
  const CanaryGuards usual;
  print({"equal", equal}, usual);
  print({"errors 2 % -> 3 %", changed([](CanaryWorld& w) { w.candidate_error_rate = 0.03; })}, usual);
  print({"errors 2 % -> 4 %", changed([](CanaryWorld& w) { w.candidate_error_rate = 0.04; })}, usual);
  print({"errors 2 % -> 4 %, 20,000 calls", changed([](CanaryWorld& w) {
           w.candidate_error_rate = 0.04;
           w.calls_per_slice = 50;
           w.slices_per_step = 134;
         })},
        usual);
  print({"errors 2 % -> 10 %", changed([](CanaryWorld& w) { w.candidate_error_rate = 0.1; })}, usual);
  print({"errors 5 % -> 10 %", changed([](CanaryWorld& w) {
           w.error_rate = 0.05;
           w.candidate_error_rate = 0.1;
         })},
        usual);
  print({"every call fails", changed([](CanaryWorld& w) { w.candidate_error_rate = 1; })}, usual);
  print({"10 % slower", changed([](CanaryWorld& w) { w.slower = 1.1; })}, usual);
  print({"50 % slower", changed([](CanaryWorld& w) { w.slower = 1.5; })}, usual);
  print({"twice as slow", changed([](CanaryWorld& w) { w.slower = 2; })}, usual);
  print({"50 % dearer", changed([](CanaryWorld& w) { w.dearer = 1.5; })}, usual);
  print({"feedback on 30 % of the calls, good 80 % -> 60 %", changed([](CanaryWorld& w) {
           w.score_rate = 0.3;
           w.candidate_good_scores = 0.6;
         })},
        usual);
  return 0;
}
