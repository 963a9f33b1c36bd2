// SPDX-License-Identifier: Apache-2.0
// What a change of one deployment costs where there are many: the transaction, and the snapshot after it.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/release_loader.h"
#include "app/release_ports.h"
#include "app/snapshot_builder.h"
#include "base/clock.h"
#include "base/temporary_directory.h"
#include "catalog/schema.h"
#include "governance/asset_ports.h"
#include "governance/keys.h"
#include "governance/release_services.h"
#include "governance/schema.h"

namespace slipway::app {
namespace {

struct Options {
  std::filesystem::path directory;
  std::string postgresql;
  std::filesystem::path fill;  // only fill this data directory, and keep it
  std::uint32_t use_cases = 10'000;
  std::uint32_t rounds = 100;
};

constexpr double kSnapshotAimMs = 200;
constexpr double kRollbackAimMs = 1'000;
constexpr std::uint32_t kBatch = 500;
constexpr std::uint32_t kStride = 977;  // so that neighbours in time are none in the tables

double milliseconds_since(std::int64_t begun_ns) {
  return static_cast<double>(mono_now_ns() - begun_ns) / 1e6;
}

std::string slug(std::uint32_t use_case) { return "case-" + std::to_string(use_case); }

governance::Actor bench_actor() { return {"usr_bench", "bench", "service"}; }

bool well(const auto& result, const char* what) {
  if (result) return true;
  std::fprintf(stderr, "%s: %s\n", what, result.error().describe().c_str());
  return false;
}

Config settings() {
  Config config;
  for (const char* const name : {"dev", "preprod", "prod"}) {
    EnvironmentConfig environment;
    environment.name = name;
    config.environments.push_back(environment);
  }
  ConnectionConfig simulated;
  simulated.name = "simulated";
  simulated.dialect = Dialect::kSimulated;
  simulated.provider = "simulated";
  config.connections.push_back(simulated);
  return config;
}

// Everything a server joins between the tables and the gateway.
struct World {
  World(store::Database& db, const Config& settings)
      : database(db),
        use_cases(db),
        policies(db, {{"dev"}, {"preprod"}, {"prod"}}),
        keys(db, policies),
        assets(db, governance::asset_ports()),
        releases(db, assets, use_cases, policies, {"dev", "preprod", "prod"}),
        loader(release_ports(releases), Logger()),
        config(settings) {}

  bool add_use_case(std::uint32_t number) {
    governance::UseCaseContent content;
    content.name = slug(number);
    return well(use_cases.create(slug(number), content, bench_actor()), "use case") &&
           well(keys.create({.name = "main", .use_case = slug(number), .environment = "prod"}, bench_actor()),
                "key");
  }
  static void add_assets(std::vector<catalog::AssetChange>& out, std::uint32_t number, const char* text) {
    out.push_back({{slug(number), "model", "main"},
                   {{"connection", "simulated"}, {"model", "simulated-small"}},
                   std::nullopt});
    out.push_back({{slug(number), "prompt", "answer"},
                   {{"model", "main"},
                    {"variables", {{"question", {{"max_length", 2000}}}}},
                    {"messages", json::array{{{"role", "system"}, {"content", text}},
                                             {{"role", "user"}, {"content", "{{question}}"}}}}},
                   std::nullopt});
  }
  bool push(std::uint32_t from, std::uint32_t to, const char* text) {
    std::vector<catalog::AssetChange> changes;
    for (std::uint32_t i = from; i < to; ++i) add_assets(changes, i, text);
    const auto pushed =
        assets.push({"usr_bench", "bench", "service"}, std::move(changes), "filled by the benchmark");
    return well(pushed, "push");
  }
  bool cut(std::uint32_t number) {
    governance::CutRequest request;
    request.use_case = slug(number);
    return well(releases.releases.cut(request, bench_actor()), "cut");
  }
  bool deploy(std::uint32_t from, std::uint32_t to, std::int64_t release) {
    return well(database.write([&](soci::session& sql) -> Result<> {
      for (std::uint32_t i = from; i < to; ++i)
        for (const std::string& environment : releases.deployments.environments()) {
          governance::DeployOrder order;
          order.release = release;
          SLIPWAY_TRY(
              releases.deployments.deploy(sql, slug(i), environment, order, release - 1, bench_actor()));
        }
      return {};
    }),
                "deploy");
  }
  bool fill(const Options& options) {
    for (std::uint32_t from = 0; from < options.use_cases; from += kBatch) {
      const std::uint32_t to = std::min(options.use_cases, from + kBatch);
      for (std::uint32_t i = from; i < to; ++i)
        if (!add_use_case(i)) return false;
      for (const std::int64_t release : {1, 2}) {
        if (!push(from, to, release == 1 ? "Be kind and brief." : "Be brief and kind.")) return false;
        for (std::uint32_t i = from; i < to; ++i)
          if (!cut(i)) return false;
        if (!deploy(from, to, release)) return false;
      }
    }
    return true;
  }

  store::Database& database;
  governance::UseCaseStore use_cases;
  governance::PolicyStore policies;
  governance::KeyStore keys;
  catalog::AssetStore assets;
  governance::ReleaseServices releases;
  ReleaseLoader loader;
  const Config& config;
};

bool measure(const char* name, std::uint32_t rounds, double aim_ms,
             const std::function<bool(std::uint32_t)>& work) {
  std::vector<double> times;
  for (std::uint32_t i = 0; i < rounds; ++i) {
    const std::int64_t begun = mono_now_ns();
    if (!work(i)) return false;
    times.push_back(milliseconds_since(begun));
  }
  std::ranges::sort(times);
  std::printf("%-44s %9.2f %9.2f   %s\n", name, times[times.size() / 2], times.back(),
              times.back() <= aim_ms ? "" : "over the aim");
  return true;
}

bool measure_all(World& world, const Options& options) {
  auto builder = SnapshotBuilder::create(world.config, "http://127.0.0.1:1/v1");
  if (!well(builder, "settings")) return false;
  (*builder)->serve(world.loader);
  std::shared_ptr<const gateway::Snapshot> current;  // kept while the next one is made, as a server does
  const auto publish = [&] {
    auto made = (*builder)->build(world.keys);
    if (!well(made, "snapshot")) return false;
    current = std::move(*made);
    return true;
  };
  const std::int64_t begun = mono_now_ns();
  if (!publish()) return false;
  const gateway::Environment* const prod = current->environment("prod");
  if (prod == nullptr || prod->use_cases.size() != options.use_cases) {
    std::fprintf(stderr, "the snapshot lacks use cases\n");
    return false;
  }
  std::printf("first snapshot, every release compiled: %.0f ms\n", milliseconds_since(begun));
  std::printf("\n%-44s %9s %9s\n", "milliseconds", "median", "slowest");
  const auto any = [&](std::uint32_t i) { return slug(i * kStride % options.use_cases); };
  const auto roll_back = [&](std::uint32_t i, const char* environment) {
    return well(world.releases.deployments.roll_back(any(i), environment, 0, "measured", bench_actor()),
                "rollback");
  };
  const std::uint32_t rounds = std::min(options.rounds, options.use_cases);
  return measure("snapshot", rounds, kSnapshotAimMs, [&](std::uint32_t) { return publish(); }) &&
         measure("rollback: the transaction", rounds, kRollbackAimMs,
                 [&](std::uint32_t i) { return roll_back(i, "dev"); }) &&
         measure("rollback: with its snapshot", rounds, kRollbackAimMs,
                 [&](std::uint32_t i) { return roll_back(i, "prod") && publish(); });
}

int run(const Options& options) {
  auto database =
      store::Database::open({.file = options.directory / "slipway.db", .url = options.postgresql});
  if (!well(database, "database") || !well(catalog::migrate_catalog(**database), "catalogue") ||
      !well(governance::migrate_governance(**database), "governance"))
    return 1;
  const Config config = settings();
  World world(**database, config);
  const std::int64_t begun = mono_now_ns();
  if (!world.fill(options)) return 1;
  std::printf("%u use cases with 2 releases in 3 environments made in %.0f s\n", options.use_cases,
              milliseconds_since(begun) / 1e3);
  if (!options.fill.empty()) return 0;
  return measure_all(world, options) ? 0 : 1;
}

}  // namespace
}  // namespace slipway::app

int main(int argc, char** argv) {
  CLI::App app("Measures what a change of one deployment costs where there are many");
  slipway::app::Options options;
  app.add_option("--postgresql", options.postgresql, "An empty database instead of a file");
  app.add_option("--use-cases", options.use_cases, "Use cases")->check(CLI::Range(1u, 1'000'000u));
  app.add_option("--rounds", options.rounds, "Measurements of each kind")->check(CLI::Range(1u, 100'000u));
  app.add_option("--fill", options.fill, "Only fill this data directory of a server, and keep it");
  CLI11_PARSE(app, argc, argv);
  if (!options.fill.empty()) {
    options.directory = options.fill;
    return slipway::app::run(options);
  }
  const slipway::TemporaryDirectory directory("release-bench");
  options.directory = directory.path();
  return slipway::app::run(options);
}
