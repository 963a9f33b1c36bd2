// SPDX-License-Identifier: Apache-2.0
// Coverage, false alarms, power and early stopping by simulation: see README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "evaluation/statistics/multiplicity.h"
#include "evaluation/statistics/paired.h"
#include "evaluation/statistics/power.h"
#include "evaluation/statistics/sequential.h"
#include "simulation.h"

namespace slipway::evaluation {
namespace {

constexpr std::size_t kSizes[] = {30, 100, 300, 1'000};
constexpr Bounds kUnit{0, 1};

struct Settings {
  int runs = 4'000;         // of each cell of coverage
  int comparisons = 2'000;  // of equals
  std::uint64_t seed = 1;
};

bool all_good = true;

// A figure, marked if it misses its goal.
std::string judged(double percent, double low, double high) {
  const bool good = percent >= low && percent <= high;
  all_good = all_good && good;
  return fmt::format("{:.1f}{}", percent, good ? "" : " !");
}

// How far a share of `runs` may be from its true value by chance: two and a half standard errors.
double noise(double percent, int runs) { return 2.5 * std::sqrt(percent * (100 - percent) / runs); }

double coverage(const Population& population, std::size_t n, const Settings& settings) {
  Random random(settings.seed + n);
  int covered = 0;
  for (int run = 0; run < settings.runs; ++run) {
    const Sample sample = draw(population, n, random);
    MeanOptions options;
    if (population.bounded) options.bounds = kUnit;
    options.seed = random();
    const auto estimate = sample.clusters.empty()
                              ? estimate_mean(sample.scores, options)
                              : estimate_clustered_mean(sample.scores, sample.clusters, options);
    const Interval interval = *estimate->interval;
    covered += interval.low <= sample.truth && sample.truth <= interval.high ? 1 : 0;
  }
  return 100.0 * covered / settings.runs;
}

void print_coverage(const Settings& settings) {
  fmt::print("\nCoverage of 95 % intervals (%), {} runs a cell; goal 93.5 to 96.5\n\n", settings.runs);
  fmt::print("| scores | n = 30 | 100 | 300 | 1,000 |\n|---|--:|--:|--:|--:|\n");
  const double slack = noise(95, settings.runs);
  for (const Population& population : populations()) {
    std::string row = fmt::format("| {} |", population.name);
    for (const std::size_t n : kSizes)
      row += fmt::format(" {} |", judged(coverage(population, n, settings), 93.5 - slack, 96.5 + slack));
    fmt::print("{}\n", row);
    std::fflush(stdout);
  }
}

struct Alarms {
  int different = 0;  // two-sided
  int worse = 0;      // one-sided
};

ComparisonOptions options_for(const Pairs& pairs, Tail tail, std::uint64_t seed) {
  ComparisonOptions options;
  options.tail = tail;
  options.bounds = kUnit;
  options.clusters = pairs.clusters;
  options.seed = seed;
  return options;
}

void print_false_alarms(const Settings& settings) {
  constexpr double kAlpha = 0.05;
  fmt::print("\nFalse alarms among {} comparisons of equals (%), alpha 5 %; goal at most 5\n\n",
             settings.comparisons);
  fmt::print("| differences | n | \"different\" | \"worse\" |\n|---|--:|--:|--:|\n");
  const std::pair<std::string_view, PairKind> kinds[] = {
      {"pass or fail, a fifth differs", PairKind::kBinary},
      {"pass or fail, one in fifty differs", PairKind::kRare},
      {"grades", PairKind::kGraded},
      {"shares in clusters", PairKind::kClustered}};
  const double most = 100 * kAlpha + noise(100 * kAlpha, settings.comparisons);
  for (const auto& [name, kind] : kinds) {
    for (const std::size_t n : {50, 300}) {
      Random random(settings.seed + n);
      Alarms alarms;
      for (int run = 0; run < settings.comparisons; ++run) {
        const Pairs pairs = draw_pairs(kind, n, 0, random);
        const std::uint64_t seed = random();
        alarms.different +=
            compare_paired(pairs.differences, options_for(pairs, Tail::kTwoSided, seed))->test.p_value <=
                    kAlpha
                ? 1
                : 0;
        alarms.worse +=
            compare_paired(pairs.differences, options_for(pairs, Tail::kLess, seed))->test.p_value <= kAlpha
                ? 1
                : 0;
      }
      fmt::print("| {} | {} | {} | {} |\n", name, n,
                 judged(100.0 * alarms.different / settings.comparisons, 0, most),
                 judged(100.0 * alarms.worse / settings.comparisons, 0, most));
      std::fflush(stdout);
    }
  }
  // The gate: five metrics on the same cases, fails if one is worse.
  Random random(settings.seed);
  int failed = 0;
  int naive = 0;
  for (int run = 0; run < settings.comparisons; ++run) {
    std::vector<double> p_values;
    for (const PairKind kind :
         {PairKind::kBinary, PairKind::kBinary, PairKind::kGraded, PairKind::kGraded, PairKind::kRare}) {
      const Pairs pairs = draw_pairs(kind, 200, 0, random);
      p_values.push_back(
          compare_paired(pairs.differences, options_for(pairs, Tail::kLess, random()))->test.p_value);
    }
    naive += *std::ranges::min_element(p_values) <= kAlpha ? 1 : 0;
    const std::vector<double> adjusted = *holm(p_values);
    failed += *std::ranges::min_element(adjusted) <= kAlpha ? 1 : 0;
  }
  fmt::print("| a gate of five metrics, Holm | 200 | | {} |\n",
             judged(100.0 * failed / settings.comparisons, 0, most));
  fmt::print("| … without Holm, for comparison | 200 | | {:.1f} |\n", 100.0 * naive / settings.comparisons);
  std::fflush(stdout);
}

void print_power(const Settings& settings) {
  fmt::print("\nPower (%): predicted, and found in {} runs; goal within 3 points\n\n", settings.comparisons);
  fmt::print("| what | n | predicted | found |\n|---|--:|--:|--:|\n");
  const auto row = [&](std::string_view what, std::size_t n, double predicted, int found) {
    const double percent = 100.0 * found / settings.comparisons;
    fmt::print("| {} | {} | {:.1f} | {} |\n", what, n, 100 * predicted,
               judged(percent, 100 * predicted - 3, 100 * predicted + 3));
    std::fflush(stdout);
  };
  for (const std::size_t n : {50, 200, 800}) {
    // Grades: the deviation of their differences, and the effect that 80 % power is promised for.
    Random random(settings.seed + n);
    const double base = std::sqrt(0.15 * 0.0625 * 2 + 0.075 * 0.25 * 2);
    const double effect = std::min(0.2, *detectable_effect(n, base));
    const double share = effect / 0.25;
    const double deviation = std::sqrt(base * base + 0.0625 * share * (1 - share));
    const double predicted = *power_of_mean(effect, deviation, n);
    int found = 0;
    for (int run = 0; run < settings.comparisons; ++run) {
      const Pairs pairs = draw_pairs(PairKind::kGraded, n, effect, random);
      found +=
          compare_paired(pairs.differences, options_for(pairs, Tail::kTwoSided, random()))->test.p_value <=
                  0.05
              ? 1
              : 0;
    }
    row(fmt::format("a difference of {:.3f} in grades", effect), n, predicted, found);
  }
  for (const std::size_t n : {200, 800}) {
    // A share against a threshold: the lower end of a one-sided Wilson interval above it.
    Random random(settings.seed + n);
    PowerOptions options;
    options.tail = Tail::kGreater;
    const double share = 0.9;
    const double threshold = n == 200 ? 0.84 : 0.87;
    int found = 0;
    for (int run = 0; run < settings.comparisons; ++run) {
      const auto passed =
          static_cast<std::size_t>(std::binomial_distribution<int>(static_cast<int>(n), share)(random));
      found += wilson(passed, n, 0.9)->low > threshold ? 1 : 0;
    }
    row(fmt::format("{} of the cases pass, shown to be above {}", share, threshold), n,
        *power_of_share(share, threshold, n, options), found);
  }
}

void print_stopping(const Settings& settings) {
  constexpr std::size_t kCases = 2'000;
  constexpr double kMargin = 0.05;
  const int runs = settings.comparisons;
  fmt::print(
      "\nStopping early: up to {} pairs of pass or fail, a look after each, margin {}, alpha 5 %, {} "
      "runs\n\n",
      kCases, kMargin, runs);
  fmt::print(
      "| true difference | \"worse\" % | \"not worse\" % | open % | pairs, median | pairs, 90 % "
      "|\n|--:|--:|--:|--:|--:|--:|\n");
  const double most = 5 + noise(5, runs);
  for (const double effect : {-0.15, -0.1, -0.05, -0.02, 0.0, 0.05}) {
    Random random(settings.seed);
    int worse = 0;
    int not_worse = 0;
    std::vector<std::size_t> needed;
    for (int run = 0; run < runs; ++run) {
      const Pairs pairs = draw_pairs(PairKind::kBinary, kCases, effect, random);
      auto test = *SequentialComparison::make(kUnit, kMargin, 0.05);
      for (const double difference : pairs.differences) {
        if (!test.add(difference) || test.state() != SequentialState::kUndecided) break;
      }
      needed.push_back(test.count());
      worse += test.state() == SequentialState::kWorse ? 1 : 0;
      not_worse += test.state() == SequentialState::kNotWorse ? 1 : 0;
    }
    std::ranges::sort(needed);
    const double worse_percent = 100.0 * worse / runs;
    const double fine_percent = 100.0 * not_worse / runs;
    fmt::print("| {:+.2f} | {} | {} | {:.1f} | {} | {} |\n", effect,
               effect >= -kMargin ? judged(worse_percent, 0, most) : fmt::format("{:.1f}", worse_percent),
               effect <= -kMargin ? judged(fine_percent, 0, most) : fmt::format("{:.1f}", fine_percent),
               100 - worse_percent - fine_percent, needed[needed.size() / 2], needed[needed.size() * 9 / 10]);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace slipway::evaluation

int main(int argc, char** argv) {
  using namespace slipway::evaluation;
  Settings settings;
  CLI::App app("Shows by simulation what the statistics of evaluations are worth.");
  app.add_option("--runs", settings.runs, "Runs of each cell of coverage")->check(CLI::Range(100, 1'000'000));
  app.add_option("--comparisons", settings.comparisons, "Runs of everything else")
      ->check(CLI::Range(100, 1'000'000));
  app.add_option("--seed", settings.seed, "What the random numbers follow from");
  CLI11_PARSE(app, argc, argv);
  print_coverage(settings);
  print_false_alarms(settings);
  print_power(settings);
  print_stopping(settings);
  fmt::print("\n{}\n", all_good ? "Every figure meets its goal." : "Figures marked with ! miss their goal.");
  return all_good ? 0 : 1;
}
