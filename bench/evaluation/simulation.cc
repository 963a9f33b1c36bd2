// SPDX-License-Identifier: Apache-2.0
#include "simulation.h"

#include <algorithm>
#include <cmath>

namespace slipway::evaluation {

namespace {

double uniform(Random& random) { return std::uniform_real_distribution<double>(0, 1)(random); }
double normal(Random& random) { return std::normal_distribution<double>(0, 1)(random); }

// Beta(a, b) out of two gammas.
double beta(double a, double b, Random& random) {
  const double x = std::gamma_distribution<double>(a, 1)(random);
  const double y = std::gamma_distribution<double>(b, 1)(random);
  return x / (x + y);
}

// Grades of a judge, 0, 0.25 … 1, mostly good: means are known from the shares.
constexpr double kGradeShares[] = {0.05, 0.05, 0.15, 0.35, 0.4};

double grade(Random& random) {
  double u = uniform(random);
  for (int i = 0; i < 5; ++i) {
    if (u < kGradeShares[i]) return i / 4.0;
    u -= kGradeShares[i];
  }
  return 1;
}

}  // namespace

std::vector<Population> populations() {
  using Kind = Population::Kind;
  return {
      {"pass or fail, 0.5 ± 0.05", Kind::kBinary, 0.5, 0.05, true},
      {"pass or fail, 0.9 ± 0.05", Kind::kBinary, 0.9, 0.05, true},
      {"pass or fail, 0.98 ± 0.015", Kind::kBinary, 0.98, 0.015, true},
      {"share, skewed (Beta 5, 1)", Kind::kSkewed, 0, 0, true},
      {"grades 0, ¼ … 1", Kind::kGraded, 0, 0, true},
      {"normal", Kind::kNormal, 0, 0, false},
      {"share, clusters of 1 to 5", Kind::kClustered, 0, 0, true},
  };
}

Sample draw(const Population& population, std::size_t n, Random& random) {
  Sample out;
  out.scores.reserve(n);
  switch (population.kind) {
    case Population::Kind::kBinary: {
      out.truth = population.p + population.spread * (2 * uniform(random) - 1);
      for (std::size_t i = 0; i < n; ++i) out.scores.push_back(uniform(random) < out.truth ? 1 : 0);
      break;
    }
    case Population::Kind::kSkewed:
      out.truth = 5.0 / 6;
      for (std::size_t i = 0; i < n; ++i) out.scores.push_back(beta(5, 1, random));
      break;
    case Population::Kind::kGraded:
      for (int i = 0; i < 5; ++i) out.truth += kGradeShares[i] * i / 4.0;
      for (std::size_t i = 0; i < n; ++i) out.scores.push_back(grade(random));
      break;
    case Population::Kind::kNormal:
      out.truth = 10;
      for (std::size_t i = 0; i < n; ++i) out.scores.push_back(10 + normal(random));
      break;
    case Population::Kind::kClustered: {
      // A cluster's level and, around it, its scores: three quarters of the variance are the cluster's.
      out.truth = 0.6;
      std::uint32_t cluster = 0;
      while (out.scores.size() < n) {
        const double level = beta(6, 4, random);
        const std::size_t size = 1 + random() % 5;
        for (std::size_t i = 0; i < size && out.scores.size() < n; ++i) {
          out.scores.push_back(beta(40 * level + 1e-3, 40 * (1 - level) + 1e-3, random));
          out.clusters.push_back(cluster);
        }
        ++cluster;
      }
      break;
    }
  }
  return out;
}

Pairs draw_pairs(PairKind kind, std::size_t n, double effect, Random& random) {
  Pairs out;
  out.differences.reserve(n);
  std::uint32_t cluster = 0;
  double level = 0;
  for (std::size_t i = 0; i < n; ++i) {
    switch (kind) {
      case PairKind::kBinary:
      case PairKind::kRare: {
        // A fifth of the cases (of the rare ones one in fifty) come out differently.
        const double differing = kind == PairKind::kBinary ? 0.2 : 0.02;
        const double u = uniform(random);
        const double gained = (differing + effect) / 2;
        out.differences.push_back(u < gained ? 1 : u < differing ? -1 : 0);
        break;
      }
      case PairKind::kGraded: {
        // Two judgements of one case, which share its difficulty; most candidates move by a step at most.
        const double u = uniform(random);
        const double step = u < 0.15 ? -0.25 : u < 0.7 ? 0 : u < 0.85 ? 0.25 : u < 0.925 ? 0.5 : -0.5;
        out.differences.push_back(
            step + (uniform(random) < std::abs(effect) / 0.25 ? std::copysign(0.25, effect) : 0));
        break;
      }
      case PairKind::kClustered: {
        if (i == 0 || random() % 3 == 0) {
          ++cluster;
          level = 0.1 * normal(random);
        }
        out.differences.push_back(std::clamp(effect + level + 0.1 * normal(random), -1.0, 1.0));
        out.clusters.push_back(cluster - 1);
        break;
      }
    }
  }
  return out;
}

}  // namespace slipway::evaluation
