// SPDX-License-Identifier: Apache-2.0
#include "app/release_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace slipway::app {

namespace {

std::string release_id(const std::string& use_case, std::int64_t number) {
  return fmt::format("{}@{}", use_case, number);
}

// Whether asking again would bring the same: then it's the release that is broken, and not the store.
bool about_the_release(const Error& error) {
  return error.code == ErrorCode::kDataLoss || error.code == ErrorCode::kNotFound ||
         error.code == ErrorCode::kInvalidArgument;
}

// What a reference means inside of a prompt of `owner`.
Result<llm::PromptParts::Contents> resolve(const std::vector<std::string>& references, std::string_view owner,
                                           std::string_view kind, const ReleaseContents& contents) {
  llm::PromptParts::Contents found;
  for (const std::string& reference : references) {
    const std::string name = llm::full_asset_name(owner, kind, reference);
    const auto asset = contents.assets.find(name);
    if (asset == contents.assets.end())
      return fail(ErrorCode::kInvalidArgument, fmt::format("the release does not hold {}", name),
                  contents.entry);
    found.emplace(reference, asset->second);
  }
  return found;
}

}  // namespace

Result<llm::PromptProgram> compile_release(const ReleaseContents& contents) {
  const std::string_view entry = contents.entry;
  const std::size_t first = entry.find('/');
  const std::size_t second = entry.find('/', first + 1);
  if (second == std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no asset's name", entry));
  const std::string_view owner = entry.substr(0, first);
  const std::string_view kind = entry.substr(first + 1, second - first - 1);
  if (kind != "prompt")
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("its entry is a {}, and only prompts can answer calls", kind), contents.entry);
  const auto prompt = contents.assets.find(entry);
  if (prompt == contents.assets.end())
    return fail(ErrorCode::kInvalidArgument, "the release does not hold its entry", contents.entry);
  const llm::PromptReferences references = llm::references_of_prompt(prompt->second);
  llm::PromptParts parts;
  SLIPWAY_ASSIGN(parts.models, resolve(references.models, owner, "model", contents));
  SLIPWAY_ASSIGN(parts.tools, resolve(references.tools, owner, "tool", contents));
  return llm::PromptProgram::compile(prompt->second, parts);
}

Result<const ReleaseLoader::Compiled*> ReleaseLoader::compiled(const std::string& use_case,
                                                               std::int64_t number) {
  const std::string id = release_id(use_case, number);
  if (const auto known = compiled_.find(id); known != compiled_.end() && known->second.program != nullptr)
    return &known->second;
  const auto contents = ports_.contents(use_case, number);
  if (!contents && !about_the_release(contents.error())) return fail(contents.error());
  Compiled& made = compiled_[id];
  auto program = contents ? compile_release(*contents) : Result<llm::PromptProgram>(fail(contents.error()));
  if (program) {
    made = {std::make_shared<const llm::PromptProgram>(std::move(*program)), {}};
    return &made;
  }
  // Said once, not at each publication.
  if (made.problem != program.error().describe())
    log_.error("release.not_served", {{"release", id}, {"error", program.error().describe()}});
  made.problem = program.error().describe();
  return &made;
}

Result<ReleaseLoader::Served> ReleaseLoader::served(const LivePointer& where, std::int64_t number) {
  if (number == 0) return Served();
  SLIPWAY_ASSIGN(const Compiled* const release, compiled(where.use_case, number));
  auto made = std::make_shared<gateway::ServedRelease>();
  made->id = release_id(where.use_case, number);
  made->program = release->program;
  made->problem = release->problem;
  auto& tally = tallies_[{made->id, where.environment}];
  if (tally == nullptr) tally = std::make_shared<gateway::ReleaseTally>();
  made->tally = tally;
  return Served(std::move(made));
}

// A release that no environment points at any more need not be kept.
void ReleaseLoader::forget(const std::string& use_case, std::int64_t number) {
  for (auto at = pointers_.lower_bound({use_case, {}}); at != pointers_.end() && at->first.first == use_case;
       ++at)
    if (at->second.active == number || at->second.candidate == number || at->second.standby == number) return;
  compiled_.erase(release_id(use_case, number));
}

Result<> ReleaseLoader::apply(const LivePointer& where, Edits& edits) {
  const Place place(where.use_case, where.environment);
  gateway::UseCaseEntry entry;
  SLIPWAY_ASSIGN(entry.active, served(where, where.active));
  SLIPWAY_ASSIGN(entry.candidate, served(where, where.candidate));
  bool whole = (entry.active == nullptr || entry.active->program != nullptr) &&
               (entry.candidate == nullptr || entry.candidate->program != nullptr);
  if (where.standby != 0) {
    SLIPWAY_ASSIGN(const Compiled* const standby, compiled(where.use_case, where.standby));
    whole = whole && standby->program != nullptr;
  }
  entry.candidate_basis_points = std::min(where.candidate_basis_points, gateway::kAllBasisPoints);
  entry.salt = where.salt;
  if (whole)
    broken_.erase(place);
  else
    broken_.insert(place);
  gateway::UseCaseTable::Edit& edit =
      edits.try_emplace(where.environment, entries_[where.environment]).first->second;
  if (entry.active != nullptr || (entry.candidate != nullptr && entry.candidate_basis_points != 0))
    edit.put(where.use_case, std::move(entry));
  else
    edit.erase(where.use_case);
  const LivePointer before = std::exchange(pointers_[place], where);
  for (const std::int64_t number : {before.active, before.candidate, before.standby})
    if (number != 0) forget(where.use_case, number);
  return {};
}

Result<> ReleaseLoader::take(const LiveMoves& moves, const gateway::Snapshot& snapshot, Edits& edits) {
  if (moves.everything) {
    pointers_.clear();
    entries_.clear();
    broken_.clear();
  }
  for (const LivePointer& where : moves.pointers)
    if (snapshot.environment(where.environment) != nullptr)  // else it is gone from the settings
      SLIPWAY_TRY(apply(where, edits));
  if (!moves.everything) return {};
  std::set<std::string> needed;
  for (const auto& [place, where] : pointers_)
    for (const std::int64_t number : {where.active, where.candidate, where.standby})
      needed.insert(release_id(where.use_case, number));
  std::erase_if(compiled_, [&](const auto& one) { return !needed.contains(one.first); });
  return {};
}

Result<> ReleaseLoader::fill(gateway::Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  SLIPWAY_ASSIGN(const LiveMoves moves, ports_.live(mark_));
  mark_ = 0;  // until all of it is taken: what fails half-way is asked for anew, as a whole
  // What could not be served before is tried again, also if its pointer has not moved.
  std::set<Place> again = moves.everything ? std::set<Place>() : broken_;
  for (const LivePointer& where : moves.pointers) again.erase(Place(where.use_case, where.environment));
  Edits edits;
  SLIPWAY_TRY(take(moves, snapshot, edits));
  for (const Place& place : again) SLIPWAY_TRY(apply(LivePointer(pointers_.at(place)), edits));
  mark_ = moves.mark;
  for (auto& [environment, edit] : edits) entries_[environment] = std::move(edit).done();
  for (const auto& environment : snapshot.environments)
    if (const auto found = entries_.find(environment->name); found != entries_.end())
      environment->use_cases = found->second;
  return {};
}

std::shared_ptr<const gateway::ReleaseTally> ReleaseLoader::tally(const std::string& release,
                                                                  const std::string& environment) const {
  const std::lock_guard lock(mutex_);
  const auto found = tallies_.find({release, environment});
  return found == tallies_.end() ? nullptr : found->second;
}

}  // namespace slipway::app
