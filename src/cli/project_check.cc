// SPDX-License-Identifier: Apache-2.0
// What can be said of a project without a server.
#include <fmt/format.h>

#include <set>

#include "cli/project_plan.h"
#include "cli/project_registry.h"

namespace slipway::cli {
namespace {

using References = std::vector<std::pair<std::string, std::string>>;  // path, "kind/name" of the same project

// Says each circle among the project's own assets once.
class CircleSearch {
 public:
  CircleSearch(const Project& project, const std::vector<References>& references, Complaints& complaints)
      : project_(project), references_(references), complaints_(complaints) {}

  void run() {
    for (std::size_t i = 0; i < references_.size(); ++i) visit(i);
  }

 private:
  // Not recursive: a chain of references may be as long as there are assets.
  void visit(std::size_t start) {
    if (done_.contains(start)) return;
    std::vector<std::pair<std::size_t, std::size_t>> way = {{start, 0}};  // asset, its next reference
    std::set<std::size_t> on_the_way = {start};
    while (!way.empty()) {
      auto& [at, next] = way.back();
      if (next == references_[at].size()) {
        done_.insert(at);
        on_the_way.erase(at);
        way.pop_back();
        continue;
      }
      const auto target = project_.places.find(references_[at][next++].second);
      if (target == project_.places.end() || done_.contains(target->second)) continue;
      if (on_the_way.contains(target->second)) {
        tell(way, target->second);
        continue;
      }
      on_the_way.insert(target->second);
      way.emplace_back(target->second, 0);
    }
  }

  void tell(const std::vector<std::pair<std::size_t, std::size_t>>& way, std::size_t closing) {
    std::string circle;
    bool inside = false;
    for (const auto& step : way) {
      inside = inside || step.first == closing;
      if (inside) circle += project_.assets[step.first].key() + " → ";
    }
    const ProjectAsset& last = project_.assets[way.back().first];
    const std::string& path = references_[way.back().first][way.back().second - 1].first;
    complaints_.push_back({ErrorCode::kInvalidArgument,
                           "the references go in a circle: " + circle + project_.assets[closing].key(),
                           place_of(last, path), "take one of them away"});
  }

  const Project& project_;
  const std::vector<References>& references_;
  Complaints& complaints_;
  std::set<std::size_t> done_;
};

void check_content(const AssetHooks& hooks, const Project& project, const ProjectAsset& asset,
                   Complaints& complaints) {
  for (const ContentProblem& problem :
       hooks.validate(project.owner, asset.kind, asset.name, asset.content, asset.node)) {
    Error complaint = complaint_of(asset, problem);
    if (!asset.cases_file.empty() && problem.path.starts_with("cases["))
      complaint.where = place_of(asset, problem.path);
    complaints.push_back(std::move(complaint));
  }
}

}  // namespace

Error complaint_of(const ProjectFile& file, const ContentProblem& problem) {
  const bool named = problem.path.empty() || problem.message.starts_with(problem.path);
  return {ErrorCode::kInvalidArgument, named ? problem.message : problem.path + ": " + problem.message,
          problem.line == 0 ? place_of(file, problem.path)
                            : fmt::format("{}:{}:{}", file.file, problem.line, problem.column),
          problem.hint};
}

void check_project(const Hooks& all, const Project& project, Complaints& complaints) {
  check_registry(all.registry, project, complaints);
  const AssetHooks& hooks = all.assets;
  std::vector<References> own(project.assets.size());
  for (std::size_t i = 0; i < project.assets.size(); ++i) {
    const ProjectAsset& asset = project.assets[i];
    check_content(hooks, project, asset, complaints);
    for (auto& [path, target] : hooks.references(project.owner, asset.kind, asset.name, asset.content)) {
      // What belongs to this project must be in it; what is shared is on the server.
      if (!target.starts_with(project.owner + "/")) continue;
      std::string key = target.substr(project.owner.size() + 1);
      if (project.find(key) == nullptr)
        complaints.push_back(
            {ErrorCode::kInvalidArgument, fmt::format("{}: there is no {} in this project", path, key),
             place_of(asset, path), fmt::format("make {}, or name one that exists", file_of(key))});
      own[i].emplace_back(path, std::move(key));
    }
  }
  CircleSearch(project, own, complaints).run();
}

}  // namespace slipway::cli
