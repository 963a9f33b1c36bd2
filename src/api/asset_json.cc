// SPDX-License-Identifier: Apache-2.0
#include "api/asset_json.h"

#include "api/or_null.h"
#include "base/text.h"

namespace slipway::api {

namespace {

json::object name_json(const catalog::AssetName& name) {
  return {{"owner", name.owner}, {"kind", name.kind}, {"name", name.name}};
}

json::array references_json(const std::vector<catalog::Reference>& references, const TargetStates& targets) {
  json::array out;
  for (const catalog::Reference& reference : references) {
    const auto found = targets.find(reference.target);
    json::object item{{"path", reference.path},
                      {"target", reference.target.to_string()},
                      {"exists", found != targets.end()}};
    if (found != targets.end()) item["deprecated"] = found->second;
    out.emplace_back(std::move(item));
  }
  return out;
}

void add_content(json::object& out, const catalog::AssetVersion& version, const TargetStates& targets) {
  json::value content = catalog::in_reading_order(version.name.kind, version.content);
  out["content"] = std::move(content);
  out["yaml"] = catalog::to_yaml(version.name.kind, version.content);
  out["references"] = references_json(version.references, targets);
}

}  // namespace

json::object version_info_json(const catalog::AssetVersion& version) {
  json::array labels;
  for (const std::string& label : version.labels) labels.emplace_back(label);
  return {{"version", version.number},
          {"digest", version.digest},
          {"message", version.message},
          {"author", version.author},
          {"created_at", format_time_us(version.created_us)},
          {"parent", text_or_null(version.parent)},
          {"labels", std::move(labels)}};
}

json::object version_json(const catalog::AssetVersion& version, const TargetStates& targets) {
  json::object out = name_json(version.name);
  for (json::key_value_pair& member : version_info_json(version))
    out.emplace(member.key(), std::move(member.value()));
  add_content(out, version, targets);
  return out;
}

json::object asset_json(const catalog::AssetInfo& info) {
  json::object out = name_json(info.name);
  out["description"] = info.description;
  out["latest"] = version_info_json(info.latest);
  json::object labels;
  for (const auto& [label, number] : info.labels) labels.emplace(label, number);
  out["labels"] = std::move(labels);
  out["deprecated"] = nullptr;
  if (info.deprecated)
    out["deprecated"] = json::object{{"reason", info.deprecated->reason},
                                     {"by", info.deprecated->by},
                                     {"at", format_time_us(info.deprecated->at_us)},
                                     {"replaced_by", text_or_null(info.deprecated->replaced_by)}};
  return out;
}

json::object asset_detail_json(const catalog::AssetInfo& info, const TargetStates& targets) {
  json::object out = asset_json(info);
  add_content(out, info.latest, targets);
  return out;
}

json::array changes_json(const std::vector<catalog::ContentChange>& changes) {
  json::array out;
  for (const catalog::ContentChange& change : changes) {
    json::array words;
    for (const catalog::Piece& piece : change.words)
      words.emplace_back(json::object{{"op", to_string(piece.op)}, {"text", piece.text}});
    out.emplace_back(json::object{{"path", change.path},
                                  {"op", to_string(change.op)},
                                  {"before", change.before},
                                  {"after", change.after},
                                  {"words", std::move(words)}});
  }
  return out;
}

json::object push_item_json(const catalog::PushItem& item) {
  json::object out = name_json(item.name);
  out["version"] = item.version;
  out["digest"] = item.digest;
  out["action"] = to_string(item.action);
  return out;
}

json::object plan_item_json(const catalog::PlanItem& item) {
  json::object out = name_json(item.name);
  out["action"] = to_string(item.action);
  out["version"] = item.version;
  out["digest"] = item.digest;
  const bool there = item.latest.has_value();
  out["latest_digest"] = there ? json::value(item.latest->digest) : json::value(nullptr);
  out["latest_author"] = there ? json::value(item.latest->author) : json::value(nullptr);
  out["latest_at"] = there ? json::value(format_time_us(item.latest->created_us)) : json::value(nullptr);
  out["changes"] = changes_json(item.changes);
  return out;
}

json::object asset_problem_json(const catalog::Problem& problem) {
  json::object out{{"path", problem.path},
                   {"message", problem.message},
                   {"hint", problem.hint},
                   {"line", number_or_null(problem.line)},
                   {"column", number_or_null(problem.column)}};
  if (!problem.asset.empty()) out["asset"] = problem.asset;
  return out;
}

json::object asset_use_json(const catalog::AssetUse& use) {
  return {{"type", use.type}, {"id", use.id}, {"version", number_or_null(use.version)}, {"path", use.path}};
}

}  // namespace slipway::api
