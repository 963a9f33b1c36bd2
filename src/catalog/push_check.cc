// SPDX-License-Identifier: Apache-2.0
#include "catalog/push_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/asset_rows.h"
#include "catalog/canonical.h"
#include "catalog/case_store.h"

namespace slipway::catalog {

namespace {

bool has_word(const json::value& value, std::string_view word) {
  if (value.is_array())
    return std::ranges::any_of(value.get_array(),
                               [&](const json::value& item) { return has_word(item, word); });
  return value.is_object() &&
         std::ranges::any_of(value.get_object(), [&](const json::key_value_pair& member) {
           return member.key() == word || has_word(member.value(), word);
         });
}

}  // namespace

bool kind_refers(std::string_view kind) {
  static const std::set<std::string, std::less<>> kRefer = [] {
    std::set<std::string, std::less<>> out;
    for (const std::string& name : kind_names())
      if (has_word(json::value(kind_schema(name)), "x-reference")) out.insert(name);
    return out;
  }();
  return kRefer.contains(kind);
}

std::optional<LatestAsset> load_latest(soci::session& sql, const AssetName& name) {
  LatestAsset latest;
  long long id = 0;
  long long number = 0;
  long long created = 0;
  sql << "SELECT a.id, a.latest, v.digest, v.parent, v.message, v.author, v.created_us FROM catalog_assets a "
         "JOIN catalog_versions v ON v.asset = a.id AND v.number = a.latest "
         "WHERE a.owner = :owner AND a.kind = :kind AND a.name = :name",
      soci::use(name.owner), soci::use(name.kind), soci::use(name.name), soci::into(id), soci::into(number),
      soci::into(latest.version.digest), soci::into(latest.version.parent),
      soci::into(latest.version.message), soci::into(latest.version.author), soci::into(created);
  if (!sql.got_data()) return std::nullopt;
  latest.id = id;
  latest.version.name = name;
  latest.version.number = number;
  latest.version.created_us = created;
  return latest;
}

Result<> align_cases(soci::session& sql, PreparedAsset& asset) {
  const json::value* cases = asset.content.if_contains("cases");
  if (asset.name.kind != "dataset" || cases == nullptr || !cases->is_array()) return {};
  std::optional<LatestAsset> latest = load_latest(sql, asset.name);
  if (!latest) return {};
  SLIPWAY_TRY(load_content(sql, latest->version));
  const json::value* stored = latest->version.content.if_contains("cases_digest");
  if (stored == nullptr) return {};
  const auto summary = summarize_inside(cases->get_array(), {});
  // What is no case is a problem that validation tells.
  if (!summary || *stored != json::value(summary->digest)) return {};
  asset.content.erase("cases");
  for (json::key_value_pair& member : cases_content(*summary))
    asset.content.insert_or_assign(member.key(), std::move(member.value()));
  asset.canonical = canonical_json(asset.content);
  asset.digest = digest_of(asset.canonical);
  return {};
}

PushCheck::PushCheck(soci::session& sql, const AssetPorts& ports, const std::vector<PreparedAsset>& assets)
    : sql_(sql), ports_(ports), assets_(assets) {
  for (const PreparedAsset& asset : assets) pushed_.emplace(asset.name, &asset);
}

std::vector<Problem> PushCheck::run(bool store) {
  check_owners();
  check_references();
  check_cases(store);
  if (problems_.empty()) check_cycles();
  return std::move(problems_);
}

void PushCheck::check_owners() {
  if (!ports_.check_owner) return;
  std::set<std::string> asked;
  for (const PreparedAsset& asset : assets_) {
    if (asset.name.owner == kSharedOwner || !asked.insert(asset.name.owner).second) continue;
    const Result<> allowed = ports_.check_owner(sql_, asset.name.owner);
    if (allowed) continue;
    Problem problem;
    problem.asset = asset.name.to_string();
    problem.path = "owner";
    problem.message = allowed.error().message;
    problem.hint = allowed.error().hint;
    problems_.push_back(std::move(problem));
  }
}

void PushCheck::check_cases(bool store) {
  for (const PreparedAsset& asset : assets_) {
    const json::value* digest = asset.content.if_contains("cases_digest");
    if (asset.name.kind != "dataset" || digest == nullptr || !digest->is_string()) continue;
    const auto summary = use_case_set(sql_, std::string(digest->get_string()), store);
    Problem problem;
    problem.asset = asset.name.to_string();
    problem.path = "cases_digest";
    if (!summary && store) {
      problem.message = "these cases are not stored here";
      problem.hint = "Upload them first: slipway dataset import, or POST /api/v1/datasets/uploads.";
      problems_.push_back(std::move(problem));
    } else if (summary) {
      json::object stored = cases_content(*summary);
      for (const std::string_view member : {"count", "splits"}) {
        const json::value* given = asset.content.if_contains(member);
        const json::value* known = stored.if_contains(member);
        if ((given == nullptr) == (known == nullptr) && (given == nullptr || *given == *known)) continue;
        problem.path = member;
        problem.message = fmt::format("the stored cases say {}",
                                      known == nullptr ? std::string("none") : json::serialize(*known));
        problem.hint = "Take what the upload answered.";
        problems_.push_back(problem);
      }
    }
  }
}

bool PushCheck::exists(const AssetName& name) {
  if (pushed_.contains(name)) return true;
  const auto [known, fresh] = stored_.try_emplace(name, false);
  if (fresh) known->second = find_asset(sql_, name).has_value();
  return known->second;
}

void PushCheck::check_references() {
  for (const PreparedAsset& asset : assets_)
    for (const Reference& reference : asset.references) {
      if (exists(reference.target)) continue;
      Problem problem;
      problem.asset = asset.name.to_string();
      problem.path = reference.path;
      problem.message = fmt::format("there is no {}", reference.target.to_string());
      problem.hint = "Push it first, or together with this one.";
      problems_.push_back(std::move(problem));
    }
}

const std::vector<Reference>& PushCheck::references(const AssetName& name) {
  if (const auto found = pushed_.find(name); found != pushed_.end()) return found->second->references;
  const auto [known, fresh] = stored_references_.try_emplace(name);
  if (!fresh || !kind_refers(name.kind)) return known->second;
  Reference reference;
  soci::statement statement =
      (sql_.prepare
           << "SELECT r.path, r.target_owner, r.target_kind, r.target_name FROM catalog_references r "
              "JOIN catalog_assets a ON a.id = r.asset "
              "WHERE a.owner = :owner AND a.kind = :kind AND a.name = :name ORDER BY r.path",
       soci::use(name.owner), soci::use(name.kind), soci::use(name.name), soci::into(reference.path),
       soci::into(reference.target.owner), soci::into(reference.target.kind),
       soci::into(reference.target.name));
  statement.execute();
  while (statement.fetch()) known->second.push_back(reference);
  return known->second;
}

// What is stored has no cycles: one that is new goes through a pushed asset.
void PushCheck::check_cycles() {
  for (const PreparedAsset& asset : assets_) {
    std::vector<AssetName> way;
    if (!find_cycle(asset.name, way)) continue;
    std::string text;
    const auto begin = std::ranges::find(way, way.back());
    for (auto step = begin; step != way.end(); ++step)
      text += (text.empty() ? "" : " → ") + step->to_string();
    Problem problem;
    problem.asset = asset.name.to_string();
    problem.message = "the references go in a circle: " + text;
    problem.hint = "Take one of them away.";
    problems_.push_back(std::move(problem));
  }
}

bool PushCheck::find_cycle(const AssetName& start, std::vector<AssetName>& way) {
  // Not recursive: a chain of references may be as long as there are assets.
  struct Step {
    const std::vector<Reference>* references;
    std::size_t next = 0;
  };
  if (done_.contains(start)) return false;
  std::set<AssetName> on_the_way = {start};
  std::vector<Step> steps = {{&references(start)}};
  way = {start};
  while (!steps.empty()) {
    Step& step = steps.back();
    if (step.next == step.references->size()) {
      done_.insert(way.back());
      on_the_way.erase(way.back());
      way.pop_back();
      steps.pop_back();
      continue;
    }
    const AssetName& target = (*step.references)[step.next++].target;
    if (on_the_way.contains(target)) {
      way.push_back(target);
      done_.insert(on_the_way.begin(), on_the_way.end());  // told once
      return true;
    }
    if (done_.contains(target)) continue;
    on_the_way.insert(target);
    way.push_back(target);
    steps.push_back({&references(target)});
  }
  return false;
}

}  // namespace slipway::catalog
