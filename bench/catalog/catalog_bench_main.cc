// SPDX-License-Identifier: Apache-2.0
// Fills a catalogue and measures what people and pipelines wait for: pages of lists and searches, histories,
// plans and pushes.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/asset_store.h"
#include "catalog/schema.h"

namespace slipway::catalog {
namespace {

struct Options {
  std::filesystem::path directory;
  std::string postgresql;
  std::uint32_t use_cases = 10'000;
  std::uint32_t versions = 5;  // of each asset; a use case has four assets
  std::uint32_t rounds = 100;
  bool only_fill = false;
};

constexpr double kPageAimMs = 200;
constexpr double kPlanAimMs = 1'000;
constexpr std::size_t kWords = 20'000;
constexpr std::uint32_t kBatch = 1'000;

double milliseconds_since(std::int64_t begun_ns) {
  return static_cast<double>(mono_now_ns() - begun_ns) / 1e6;
}

// Words as in texts: few are everywhere, many are rare.
class Texts {
 public:
  std::string words(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      const double place = std::uniform_real_distribution<double>(0, 1)(random_);
      const auto rank = static_cast<std::size_t>(static_cast<double>(kWords) * place * place * place);
      out += (out.empty() ? "" : " ") + word(rank);
    }
    return out;
  }
  static std::string word(std::size_t rank) {
    static constexpr std::array<std::string_view, 16> kSyllables = {
        "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qi", "ro", "su", "ta"};
    std::string out;
    for (std::size_t rest = rank + 16; rest > 0; rest /= 16) out += kSyllables[rest % 16];
    return out;
  }
  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_{20261123};
};

std::string slug(std::uint32_t use_case) { return "case-" + std::to_string(use_case); }

// The four assets of a use case, in one of their versions.
void add_assets(std::vector<AssetChange>& out, std::uint32_t use_case, std::uint32_t version, Texts& texts) {
  const std::string owner = slug(use_case);
  out.push_back({{owner, "model", "main"},
                 {{"connection", "openai"},
                  {"model", "model-" + std::to_string(version)},
                  {"description", texts.words(8)}},
                 std::nullopt});
  out.push_back(
      {{owner, "tool", "lookup"},
       {{"description", texts.words(20)}, {"parameters", {{"type", "object"}, {"title", texts.words(5)}}}},
       std::nullopt});
  out.push_back({{owner, "prompt", "answer"},
                 {{"description", texts.words(12)},
                  {"model", "main"},
                  {"tools", json::array{"lookup"}},
                  {"messages", json::array{{{"role", "system"}, {"content", texts.words(150)}},
                                           {{"role", "user"}, {"content", "{{question}}"}}}}},
                 std::nullopt});
  out.push_back(
      {{owner, "evaluation", "gate"},
       {{"description", texts.words(12)},
        {"target", {{"prompt", "answer"}}},
        {"dataset", "shared/dataset/golden"},
        {"metrics", json::array{{{"metric", "contains"}, {"params", {{"text", texts.words(10)}}}}}}},
       std::nullopt});
}

bool fill(AssetStore& assets, const Options& options, Texts& texts) {
  const Author author{"bench", "bench", "service"};
  const auto push = [&](std::vector<AssetChange> changes) {
    const auto pushed = assets.push(author, std::move(changes), "filled by the benchmark");
    if (pushed && pushed->problems.empty()) return true;
    std::fprintf(stderr, "push: %s\n",
                 pushed ? pushed->problems[0].message.c_str() : pushed.error().describe().c_str());
    return false;
  };
  if (!push({{{"shared", "dataset", "golden"}, {{"cases", json::array{{{"input", "x"}}}}}, std::nullopt}}))
    return false;
  const std::int64_t begun = mono_now_ns();
  std::uint64_t stored = 0;
  for (std::uint32_t version = 1; version <= options.versions; ++version)
    for (std::uint32_t use_case = 0; use_case < options.use_cases;) {
      std::vector<AssetChange> batch;
      for (; use_case < options.use_cases && batch.size() < kBatch; ++use_case)
        add_assets(batch, use_case, version, texts);
      stored += batch.size();
      if (!push(std::move(batch))) return false;
    }
  const double seconds = milliseconds_since(begun) / 1e3;
  std::printf("%llu versions stored in %.1f s, %.0f a second, %u a push\n",
              static_cast<unsigned long long>(stored), seconds, static_cast<double>(stored) / seconds,
              kBatch);
  for (std::uint32_t use_case = 0; use_case < options.use_cases; use_case += 7)
    if (!assets.set_label(author, {slug(use_case), "prompt", "answer"}, "stable", 1)) return false;
  return true;
}

// `work` gets the round's number and answers whether it went well.
bool measure(const char* name, std::uint32_t rounds, double aim_ms,
             const std::function<bool(std::uint32_t)>& work) {
  std::vector<double> times;
  for (std::uint32_t i = 0; i < rounds; ++i) {
    const std::int64_t begun = mono_now_ns();
    if (!work(i)) {
      std::fprintf(stderr, "%s failed\n", name);
      return false;
    }
    times.push_back(milliseconds_since(begun));
  }
  std::ranges::sort(times);
  std::printf("%-44s %9.2f %9.2f   %s\n", name, times[times.size() / 2], times.back(),
              times.back() <= aim_ms ? "" : "over the aim");
  return true;
}

bool measure_pages(AssetStore& assets, const Options& options, Texts& texts) {
  const auto any_case = [&] {
    return slug(std::uniform_int_distribution<std::uint32_t>(0, options.use_cases - 1)(texts.random()));
  };
  const auto list = [&](const AssetFilter& filter) { return assets.list(filter).has_value(); };
  const auto page = [&](const char* name, const std::function<AssetFilter(std::uint32_t)>& filter) {
    return measure(name, options.rounds, kPageAimMs, [&](std::uint32_t i) { return list(filter(i)); });
  };
  return page("list: first page", [&](std::uint32_t) { return AssetFilter{}; }) &&
         page("list: 500 on a page, anywhere",
              [&](std::uint32_t) {
                return AssetFilter{.cursor = any_case() + "/prompt/answer", .limit = 500};
              }) &&
         page("list: one owner", [&](std::uint32_t) { return AssetFilter{.owner = any_case()}; }) &&
         page("list: one kind, anywhere",
              [&](std::uint32_t) {
                return AssetFilter{.kind = "prompt", .cursor = any_case() + "/prompt/answer"};
              }) &&
         page("list: one label", [&](std::uint32_t) { return AssetFilter{.label = "stable"}; }) &&
         page("list: not deprecated", [&](std::uint32_t) { return AssetFilter{.deprecated = false}; }) &&
         page("list: for who sees 50 owners",
              [&](std::uint32_t) {
                std::vector<std::string> owners;
                for (int j = 0; j < 50; ++j) owners.push_back(any_case());
                return AssetFilter{.visible_owners = std::move(owners)};
              }) &&
         page("search: a rare word",
              [&](std::uint32_t i) { return AssetFilter{.words = Texts::word(kWords - 1 - i)}; }) &&
         page("search: the commonest word",
              [&](std::uint32_t) { return AssetFilter{.words = Texts::word(0)}; }) &&
         page("search: three common words",
              [&](std::uint32_t i) {
                return AssetFilter{.words =
                                       Texts::word(i) + " " + Texts::word(i + 1) + " " + Texts::word(i + 2)};
              }) &&
         page("search: one letter", [&](std::uint32_t) { return AssetFilter{.words = "b"}; }) &&
         page("search: a word nobody wrote", [&](std::uint32_t) { return AssetFilter{.words = "zebra"}; }) &&
         measure("history", options.rounds, kPageAimMs,
                 [&](std::uint32_t) {
                   return assets.history({any_case(), "prompt", "answer"}, "", 100).has_value();
                 }) &&
         measure("one asset with its content", options.rounds, kPageAimMs,
                 [&](std::uint32_t) { return assets.find({any_case(), "prompt", "answer"}).has_value(); }) &&
         measure("difference of two versions", options.rounds, kPageAimMs,
                 [&](std::uint32_t) {
                   return assets.diff({any_case(), "prompt", "answer"}, "1", "latest").has_value();
                 }) &&
         measure("where used: by every use case", 10, kPageAimMs, [&](std::uint32_t) {
           return assets.where_used({"shared", "dataset", "golden"}).has_value();
         });
}

bool measure_plans(AssetStore& assets, const Options& options, Texts& texts) {
  const auto changes = [&](std::uint32_t first) {
    std::vector<AssetChange> out;
    for (std::uint32_t i = 0; i < kBatch / 4; ++i) add_assets(out, first + i, 99, texts);
    return out;
  };
  const auto plan = [&](std::uint32_t first) {
    const auto planned = assets.plan(changes(first));
    return planned && planned->problems.empty() && planned->items.size() == kBatch;
  };
  const std::uint32_t ends = std::max(options.use_cases, kBatch / 4) - kBatch / 4;
  return measure("plan: 1,000 assets, all changed", 10, kPlanAimMs,
                 [&](std::uint32_t i) { return plan(ends == 0 ? 0 : (i * 977) % ends); }) &&
         measure("plan: 1,000 assets, all new", 10, kPlanAimMs,
                 [&](std::uint32_t i) { return plan(options.use_cases + i * kBatch); });
}

int run(const Options& options) {
  auto database =
      store::Database::open({.file = options.directory / "slipway.db", .url = options.postgresql});
  if (!database) {
    std::fprintf(stderr, "%s\n", database.error().describe().c_str());
    return 1;
  }
  if (const auto migrated = migrate_catalog(**database); !migrated) {
    std::fprintf(stderr, "%s\n", migrated.error().describe().c_str());
    return 1;
  }
  AssetStore assets(**database);
  Texts texts;
  if (!fill(assets, options, texts)) return 1;
  if (options.only_fill) return 0;
  std::printf("\n%-44s %9s %9s\n", "milliseconds", "median", "slowest");
  return measure_pages(assets, options, texts) && measure_plans(assets, options, texts) ? 0 : 1;
}

}  // namespace
}  // namespace slipway::catalog

int main(int argc, char** argv) {
  CLI::App app("Measures the catalogue over many versions");
  slipway::catalog::Options options;
  std::string pattern = (std::filesystem::temp_directory_path() / "slipway-catalog-bench-XXXXXX").string();
  app.add_option("--postgresql", options.postgresql, "An empty database instead of a file");
  app.add_option("--use-cases", options.use_cases, "Use cases; each has four assets")
      ->check(CLI::Range(1u, 1'000'000u));
  app.add_option("--versions", options.versions, "Versions of each asset")->check(CLI::Range(1u, 1'000u));
  app.add_option("--rounds", options.rounds, "Pages of each kind")->check(CLI::Range(1u, 100'000u));
  std::string kept;
  app.add_option("--fill", kept, "Only fill the store in that data directory of a server, and keep it");
  CLI11_PARSE(app, argc, argv);
  options.only_fill = !kept.empty();
  if (kept.empty() && ::mkdtemp(pattern.data()) == nullptr) return 1;
  options.directory = kept.empty() ? pattern : kept;
  const int code = slipway::catalog::run(options);
  std::error_code ignored;
  if (kept.empty()) std::filesystem::remove_all(options.directory, ignored);
  return code;
}
