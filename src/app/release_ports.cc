// SPDX-License-Identifier: Apache-2.0
#include "app/release_ports.h"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::app {

namespace {

constexpr double kMicro = 1e-6;
constexpr double kNano = 1e-9;

ReleaseContents contents_of(const governance::ReleaseManifest& release,
                            const std::vector<catalog::AssetVersion>& assets) {
  ReleaseContents contents;
  contents.entry = release.entry.to_string();
  for (const catalog::AssetVersion& asset : assets)
    contents.assets.emplace(asset.name.to_string(), asset.content);
  return contents;
}

bool reaches(const std::vector<ConnectionConfig>& connections, std::string_view name,
             const std::string& environment) {
  return std::ranges::any_of(connections, [&](const ConnectionConfig& one) {
    return one.name == name && (one.environments.empty() ||
                                std::ranges::find(one.environments, environment) != one.environments.end());
  });
}

}  // namespace

ReleasePorts release_ports(governance::ReleaseServices& services) {
  ReleasePorts ports;
  ports.live = [&services](std::int64_t mark) -> Result<LiveMoves> {
    SLIPWAY_ASSIGN(const governance::LiveChanges changes, services.deployments.load_live(mark));
    LiveMoves moves{{}, changes.mark, changes.everything};
    for (const governance::LiveDeployment& one : changes.deployments)
      moves.pointers.push_back({one.use_case, one.environment, one.active, one.candidate, one.standby,
                                one.candidate_basis_points, one.salt});
    return moves;
  };
  ports.contents = [&services](const std::string& use_case, std::int64_t number) -> Result<ReleaseContents> {
    SLIPWAY_ASSIGN(const governance::ReleaseManifest release, services.releases.get(use_case, number));
    SLIPWAY_ASSIGN(const auto assets, services.releases.load(release));
    return contents_of(release, assets);
  };
  return ports;
}

std::string why_not_servable(const governance::ReleaseManifest& release,
                             const std::vector<catalog::AssetVersion>& assets, const std::string& environment,
                             const std::vector<ConnectionConfig>& connections) {
  const auto program = compile_release(contents_of(release, assets));
  if (!program) return program.error().describe();
  // Each variant needs one model that can be reached from there: some end users would get nothing else.
  for (std::size_t variant = 0; variant < program->variant_count(); ++variant) {
    const auto& targets = program->targets(variant);
    if (std::ranges::any_of(targets, [&](const llm::ModelTarget& target) {
          return reaches(connections, target.connection, environment);
        }))
      continue;
    if (targets.empty()) return "It names no model that could answer.";
    return fmt::format(
        "It is answered through the connection '{}', which the environment '{}' does not have. Add it to the "
        "settings under connections, or release a model that uses another.",
        targets.front().connection, environment);
  }
  return {};
}

governance::ReleaseFigures release_figures(const gateway::TallyFigures& counted) {
  governance::ReleaseFigures figures;
  figures.calls = static_cast<std::int64_t>(counted.calls);
  figures.errors = static_cast<std::int64_t>(counted.errors);
  figures.duration_sum = counted.duration_us * kMicro;
  figures.duration_squares = counted.duration_us_squared * kMicro * kMicro;
  figures.costed = static_cast<std::int64_t>(counted.costed);
  figures.cost_sum = counted.cost_nano * kNano;
  figures.cost_squares = counted.cost_nano_squared * kNano * kNano;
  return figures;
}

}  // namespace slipway::app
