// SPDX-License-Identifier: Apache-2.0
// Statistics over a million scored cases: the aim is two seconds for everything together.
#include <benchmark/benchmark.h>

#include <random>

#include "evaluation/statistics/descriptive.h"
#include "evaluation/statistics/intervals.h"
#include "evaluation/statistics/paired.h"
#include "evaluation/statistics/sequential.h"

namespace slipway::evaluation {
namespace {

constexpr std::size_t kCases = 1'000'000;

struct Data {
  std::vector<double> baseline, candidate, differences, passes;
  std::vector<std::uint32_t> clusters;
};

const Data& data() {
  static const Data made = [] {
    Data out;
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (std::size_t i = 0; i < kCases; ++i) {
      out.baseline.push_back(uniform(random));
      out.candidate.push_back(uniform(random));
      out.differences.push_back(out.candidate.back() - out.baseline.back());
      out.passes.push_back(uniform(random) < 0.9 ? 1 : 0);
      out.clusters.push_back(static_cast<std::uint32_t>(random() % 100'000));
    }
    return out;
  }();
  return made;
}

MeanOptions unit() {
  MeanOptions options;
  options.bounds = Bounds{0, 1};
  return options;
}

ComparisonOptions comparison() {
  ComparisonOptions options;
  options.bounds = Bounds{0, 1};
  return options;
}

void mean_and_interval(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(estimate_mean(data().candidate, unit()));
}

void share_and_interval(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(estimate_mean(data().passes, unit()));
}

void clustered_mean(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(estimate_clustered_mean(data().candidate, data().clusters, unit()));
}

void paired_difference(benchmark::State& state) {
  for (auto _ : state) {
    const auto found = differences(data().baseline, data().candidate);
    benchmark::DoNotOptimize(compare_paired(*found, comparison()));
  }
}

void clustered_difference(benchmark::State& state) {
  ComparisonOptions options = comparison();
  options.clusters = data().clusters;
  for (auto _ : state) benchmark::DoNotOptimize(compare_paired(data().differences, options));
}

void not_inferior(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(non_inferiority(data().differences, 0.05, comparison()));
}

void wilcoxon(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(wilcoxon_test(data().differences, Tail::kTwoSided));
}

void quantiles_and_histogram(benchmark::State& state) {
  const double shares[] = {0.05, 0.5, 0.95};
  for (auto _ : state) {
    benchmark::DoNotOptimize(quantiles(data().candidate, shares));
    benchmark::DoNotOptimize(histogram(data().candidate, 50));
  }
}

void bootstrap_of_5000(benchmark::State& state) {
  const std::span<const double> scores = std::span(data().candidate).first(kBcaMost);
  for (auto _ : state) benchmark::DoNotOptimize(estimate_mean(scores, unit()));
}

void permutation_of_1000(benchmark::State& state) {
  const std::span<const double> some = std::span(data().differences).first(kPermutationMost);
  for (auto _ : state) benchmark::DoNotOptimize(permutation_test(some, Tail::kTwoSided));
}

void sequential_comparison(benchmark::State& state) {
  for (auto _ : state) {
    auto test = *SequentialComparison::make({0, 1}, 0.05, 0.05);
    for (const double difference : data().differences) benchmark::DoNotOptimize(test.add(difference));
  }
}

BENCHMARK(mean_and_interval)->Unit(benchmark::kMillisecond);
BENCHMARK(share_and_interval)->Unit(benchmark::kMillisecond);
BENCHMARK(clustered_mean)->Unit(benchmark::kMillisecond);
BENCHMARK(paired_difference)->Unit(benchmark::kMillisecond);
BENCHMARK(clustered_difference)->Unit(benchmark::kMillisecond);
BENCHMARK(not_inferior)->Unit(benchmark::kMillisecond);
BENCHMARK(wilcoxon)->Unit(benchmark::kMillisecond);
BENCHMARK(quantiles_and_histogram)->Unit(benchmark::kMillisecond);
BENCHMARK(sequential_comparison)->Unit(benchmark::kMillisecond);
BENCHMARK(bootstrap_of_5000)->Unit(benchmark::kMillisecond);
BENCHMARK(permutation_of_1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace slipway::evaluation

BENCHMARK_MAIN();
