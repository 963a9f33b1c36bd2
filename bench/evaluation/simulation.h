// SPDX-License-Identifier: Apache-2.0
// Scores as evaluations give them, out of a random generator.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "evaluation/statistics/intervals.h"

namespace slipway::evaluation {

using Random = std::mt19937_64;

// A type of score with its true mean.
struct Population {
  std::string name;
  enum class Kind : std::uint8_t { kBinary, kSkewed, kGraded, kNormal, kClustered } kind = Kind::kBinary;
  double p = 0.5;  // of kBinary; drawn from p - spread … p + spread for each run
  double spread = 0;
  bool bounded = true;
};

struct Sample {
  std::vector<double> scores;
  std::vector<std::uint32_t> clusters;  // empty: independent
  double truth = 0;
};

// Populations of the table.
std::vector<Population> populations();
Sample draw(const Population& population, std::size_t n, Random& random);

// Differences of a candidate and a baseline on the same n cases: `effect` is the true mean difference.
struct Pairs {
  std::vector<double> differences;
  std::vector<std::uint32_t> clusters;
};
enum class PairKind : std::uint8_t { kBinary, kGraded, kClustered, kRare };
Pairs draw_pairs(PairKind kind, std::size_t n, double effect, Random& random);

}  // namespace slipway::evaluation
