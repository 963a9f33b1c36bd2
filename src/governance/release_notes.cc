// SPDX-License-Identifier: Apache-2.0
#include "governance/release_notes.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "catalog/diff.h"

namespace slipway::governance {

namespace {

json::array texts(const std::vector<std::string>& items) {
  json::array array;
  for (const std::string& item : items) array.emplace_back(item);
  return array;
}

json::object change_json(const catalog::ContentChange& change) {
  json::array words;
  for (const catalog::Piece& piece : change.words)
    words.emplace_back(json::object{{"op", std::string(to_string(piece.op))}, {"text", piece.text}});
  return {{"path", change.path},
          {"op", std::string(to_string(change.op))},
          {"before", change.before},
          {"after", change.after},
          {"words", std::move(words)}};
}

json::object use_case_json(const UseCase& use_case) {
  json::array thresholds;
  for (const Threshold& threshold : use_case.thresholds)
    thresholds.emplace_back(json::object{{"metric", threshold.metric},
                                         {"op", threshold.op},
                                         {"value", threshold.value},
                                         {"description", threshold.description}});
  json::array kpis;
  for (const Kpi& kpi : use_case.kpis)
    kpis.emplace_back(json::object{{"name", kpi.name},
                                   {"target", kpi.target},
                                   {"unit", kpi.unit},
                                   {"direction", kpi.direction},
                                   {"description", kpi.description}});
  json::array reviews;
  for (const Review& review : use_case.reviews)
    reviews.emplace_back(json::object{
        {"discipline", review.discipline},
        {"state", std::string(to_string(review.state))},
        {"reviewer", review.reviewer},
        {"comment", review.comment},
        {"conditions", texts(review.conditions)},
        {"expires_at",
         review.expires_us == 0 ? json::value(nullptr) : json::value(format_time_us(review.expires_us))}});
  return {{"name", use_case.name},
          {"owner", use_case.owner},
          {"state", std::string(to_string(use_case.state))},
          {"tier", use_case.tier},
          {"purpose", use_case.purpose},
          {"users_affected", use_case.users_affected},
          {"data_classes", texts(use_case.data_classes)},
          {"risk_reasons", texts(use_case.risk_reasons)},
          {"mitigations", use_case.mitigations},
          {"known_limits", use_case.known_limits},
          {"thresholds", std::move(thresholds)},
          {"kpis", std::move(kpis)},
          {"reviews", std::move(reviews)}};
}

}  // namespace

json::object compare_releases(const NotesBase& base, const std::vector<catalog::AssetVersion>& assets) {
  std::map<catalog::AssetName, const catalog::AssetVersion*> before;
  for (const catalog::AssetVersion& asset : base.assets) before[asset.name] = &asset;
  json::array added;
  json::array changed;
  for (const catalog::AssetVersion& asset : assets) {
    const auto found = before.find(asset.name);
    if (found == before.end()) {
      added.emplace_back(json::object{{"asset", asset.name.to_string()}, {"version", asset.number}});
      continue;
    }
    const catalog::AssetVersion& old = *found->second;
    before.erase(found);
    if (old.digest == asset.digest) continue;
    json::array changes;
    for (const catalog::ContentChange& change : catalog::diff_content(old.content, asset.content))
      changes.emplace_back(change_json(change));
    changed.emplace_back(json::object{{"asset", asset.name.to_string()},
                                      {"from", old.number},
                                      {"to", asset.number},
                                      {"message", asset.message},
                                      {"author", asset.author},
                                      {"changes", std::move(changes)}});
  }
  json::array removed;
  for (const auto& [name, asset] : before)
    removed.emplace_back(json::object{{"asset", name.to_string()}, {"version", asset->number}});
  return {{"environments", texts(base.environments)},
          {"against", base.number == 0 ? json::value(nullptr) : json::value(base.number)},
          {"added", std::move(added)},
          {"removed", std::move(removed)},
          {"changed", std::move(changed)}};
}

json::object make_notes(const NotesInput& input) {
  const ReleaseManifest& release = input.release;
  json::array comparisons;
  for (const NotesBase& base : input.bases) comparisons.emplace_back(compare_releases(base, input.assets));
  json::array assets;
  for (const PinnedAsset& asset : release.assets)
    assets.emplace_back(json::object{{"asset", asset.name.to_string()},
                                     {"version", asset.version},
                                     {"digest", asset.digest},
                                     {"author", asset.author}});
  return {{"format", 1},
          {"release", release.id()},
          {"digest", release.digest},
          {"entry", release.entry.to_string()},
          {"message", release.message},
          {"author", release.author},
          {"created_at", format_time_us(release.created_us)},
          {"known_limits", release.known_limits},
          {"comparisons", std::move(comparisons)},
          {"assets", std::move(assets)},
          {"use_case", use_case_json(input.use_case)},
          {"evidence", json::array{}},
          {"approvals", json::array{}}};
}

json::object with_decisions(json::object notes, json::array evidence, json::array approvals) {
  notes["evidence"] = std::move(evidence);
  notes["approvals"] = std::move(approvals);
  return notes;
}

}  // namespace slipway::governance
