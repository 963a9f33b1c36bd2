// SPDX-License-Identifier: Apache-2.0
// How AssetStore takes changes: plan and push.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/text.h"
#include "catalog/asset_rows.h"
#include "catalog/asset_store.h"
#include "catalog/asset_words.h"
#include "catalog/canonical.h"
#include "catalog/push_check.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kMessageBytes = 2'000;
constexpr std::size_t kConflictsTold = 5;

struct Prepared {
  std::vector<PreparedAsset> assets;
  std::vector<Problem> problems;
};

Problem problem_of(const AssetName& name, std::string path, std::string message, std::string hint = {}) {
  Problem problem;
  problem.asset = name.to_string();
  problem.path = std::move(path);
  problem.message = std::move(message);
  problem.hint = std::move(hint);
  return problem;
}

// Everything that can be said of the changes without the database.
Result<Prepared> prepare(std::vector<AssetChange> changes, const AssetPorts& ports,
                         const AssetLimits& limits) {
  if (changes.size() > limits.push_assets)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} assets at once are too many", changes.size()),
                "assets", fmt::format("Push at most {} (setting catalog.push_assets).", limits.push_assets));
  Prepared out;
  std::set<AssetName> seen;
  for (AssetChange& change : changes) {
    if (const Result<> sound = check_name(change.name); !sound) {
      out.problems.push_back(
          problem_of(change.name, sound.error().where, sound.error().message, sound.error().hint));
      continue;
    }
    if (!seen.insert(change.name).second) {
      out.problems.push_back(problem_of(change.name, {}, "is there twice", "Keep one of the two."));
      continue;
    }
    PreparedAsset asset;
    asset.name = std::move(change.name);
    asset.parent = std::move(change.parent);
    asset.content = with_format(std::move(change.content));
    for (Problem& problem : validate(asset.name, asset.content, nullptr, ports.inspect_template)) {
      problem.asset = asset.name.to_string();
      out.problems.push_back(std::move(problem));
    }
    asset.canonical = canonical_json(asset.content);
    if (asset.canonical.size() > limits.asset_bytes)
      out.problems.push_back(
          problem_of(asset.name, {}, fmt::format("has {} bytes", asset.canonical.size()),
                     fmt::format("At most {} are kept in one asset (setting catalog.asset_size). Many cases "
                                 "belong in a dataset's file.",
                                 limits.asset_bytes)));
    asset.digest = digest_of(asset.canonical);
    asset.references = references_of(asset.name, asset.content);
    out.assets.push_back(std::move(asset));
  }
  return out;
}

PlanAction action_of(const PreparedAsset& asset, const std::optional<LatestAsset>& latest) {
  if (latest && latest->version.digest == asset.digest) return PlanAction::kUnchanged;
  const std::string present = latest ? latest->version.digest : std::string();
  if (asset.parent && *asset.parent != present) return PlanAction::kConflict;
  return latest ? PlanAction::kUpdate : PlanAction::kCreate;
}

std::string conflict_text(const PreparedAsset& asset, const std::optional<LatestAsset>& latest) {
  if (!latest)
    return fmt::format("{} is not there, though yours was made from a version of it", asset.name.to_string());
  return fmt::format("{} was {} by {} at {} (version {})", asset.name.to_string(),
                     asset.parent->empty() ? "made" : "changed", latest->version.author,
                     format_time_us(latest->version.created_us), latest->version.number);
}

Result<PlanItem> plan_one(soci::session& sql, const PreparedAsset& asset) {
  std::optional<LatestAsset> latest = load_latest(sql, asset.name);
  PlanItem item;
  item.name = asset.name;
  item.digest = asset.digest;
  item.action = action_of(asset, latest);
  item.version = latest ? latest->version.number : 0;
  if (item.action != PlanAction::kUnchanged) ++item.version;
  if (!latest) return item;
  if (item.action != PlanAction::kUnchanged) {
    AssetVersion stored = latest->version;
    SLIPWAY_TRY(load_content(sql, stored));
    item.changes = diff_content(in_reading_order(asset.name.kind, stored.content),
                                in_reading_order(asset.name.kind, asset.content));
  }
  item.latest = std::move(latest->version);
  return item;
}

// Writes new versions; lives within one transaction.
class PushWriter {
 public:
  PushWriter(soci::session& sql, const AssetPorts& ports, const Author& author, const std::string& message)
      : sql_(sql), ports_(ports), author_(author), message_(message), now_us_(unix_now_us()) {}

  Result<PushItem> write(const PreparedAsset& asset, const std::optional<LatestAsset>& latest);

 private:
  std::int64_t write_asset(const PreparedAsset& asset, const std::optional<LatestAsset>& latest,
                           std::int64_t number);
  void write_version(const PreparedAsset& asset, std::int64_t id, std::int64_t number,
                     const std::string& parent);
  void write_references(const PreparedAsset& asset, std::int64_t id);
  void write_words(std::int64_t id, const std::set<std::string>& before, const std::set<std::string>& after);

  soci::session& sql_;
  const AssetPorts& ports_;
  const Author& author_;
  const std::string& message_;
  long long now_us_;
  long long last_id_ = -1;  // not asked yet
};

Result<PushItem> PushWriter::write(const PreparedAsset& asset, const std::optional<LatestAsset>& latest) {
  PushItem item{asset.name, 1, asset.digest, action_of(asset, latest)};
  if (latest) item.version = latest->version.number;
  if (item.action == PlanAction::kUnchanged) return item;
  std::set<std::string> words_before;
  if (latest) {
    ++item.version;
    AssetVersion stored = latest->version;
    SLIPWAY_TRY(load_content(sql_, stored));
    words_before = words_of_asset(asset.name, stored.content);
  }
  const std::int64_t id = write_asset(asset, latest, item.version);
  write_version(asset, id, item.version, latest ? latest->version.digest : std::string());
  write_references(asset, id);
  write_words(id, words_before, words_of_asset(asset.name, asset.content));
  if (ports_.record) {
    json::object detail{{"version", item.version}, {"digest", item.digest}, {"message", message_}};
    SLIPWAY_TRY(ports_.record(sql_, author_, {"asset.push", asset.name, std::move(detail)}));
  }
  return item;
}

std::int64_t PushWriter::write_asset(const PreparedAsset& asset, const std::optional<LatestAsset>& latest,
                                     std::int64_t number) {
  const json::value* text = asset.content.if_contains("description");
  const std::string description = text == nullptr ? std::string() : std::string(text->as_string());
  const long long version = number;
  if (latest) {
    const long long id = latest->id;
    sql_ << "UPDATE catalog_assets SET description = :description, latest = :latest WHERE id = :id",
        soci::use(description), soci::use(version), soci::use(id);
    return id;
  }
  // One writer at a time (store::Database): nobody takes a number between this read and the insert.
  if (last_id_ < 0) sql_ << "SELECT COALESCE(MAX(id), 0) FROM catalog_assets", soci::into(last_id_);
  const long long id = ++last_id_;
  sql_ << "INSERT INTO catalog_assets (id, owner, kind, name, description, latest, deprecated_us, "
          "deprecated_by, deprecated_reason, replaced_by) "
          "VALUES (:id, :owner, :kind, :name, :description, :latest, 0, '', '', '')",
      soci::use(id), soci::use(asset.name.owner), soci::use(asset.name.kind), soci::use(asset.name.name),
      soci::use(description), soci::use(version);
  return id;
}

void PushWriter::write_version(const PreparedAsset& asset, std::int64_t id, std::int64_t number,
                               const std::string& parent) {
  sql_ << "INSERT INTO catalog_contents (digest, content) VALUES (:digest, :content) "
          "ON CONFLICT (digest) DO NOTHING",
      soci::use(asset.digest), soci::use(asset.canonical);
  const long long owner = id;
  const long long version = number;
  sql_ << "INSERT INTO catalog_versions (asset, number, digest, parent, message, author, author_id, "
          "created_us) VALUES (:asset, :number, :digest, :parent, :message, :author, :author_id, :created)",
      soci::use(owner), soci::use(version), soci::use(asset.digest), soci::use(parent), soci::use(message_),
      soci::use(author_.name), soci::use(author_.id), soci::use(now_us_);
}

void PushWriter::write_references(const PreparedAsset& asset, std::int64_t id) {
  const long long owner = id;
  sql_ << "DELETE FROM catalog_references WHERE asset = :asset", soci::use(owner);
  for (const Reference& reference : asset.references)
    sql_ << "INSERT INTO catalog_references (asset, path, target_owner, target_kind, target_name) "
            "VALUES (:asset, :path, :owner, :kind, :name)",
        soci::use(owner), soci::use(reference.path), soci::use(reference.target.owner),
        soci::use(reference.target.kind), soci::use(reference.target.name);
}

void PushWriter::write_words(std::int64_t id, const std::set<std::string>& before,
                             const std::set<std::string>& after) {
  std::vector<std::string> gone;
  std::vector<std::string> come;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  std::ranges::set_difference(after, before, std::back_inserter(come));
  const long long owner = id;
  std::string word;
  if (!gone.empty()) {
    soci::statement statement =
        (sql_.prepare << "DELETE FROM catalog_words WHERE word = :word AND asset = :asset", soci::use(word),
         soci::use(owner));
    for (std::string& one : gone) {
      word = std::move(one);
      statement.execute(true);
    }
  }
  if (come.empty()) return;
  soci::statement statement =
      (sql_.prepare << "INSERT INTO catalog_words (word, asset) VALUES (:word, :asset)", soci::use(word),
       soci::use(owner));
  for (std::string& one : come) {
    word = std::move(one);
    statement.execute(true);
  }
}

// The assets as the database has them, or kConflict that says who was faster.
Result<std::vector<std::optional<LatestAsset>>> meet(soci::session& sql,
                                                     const std::vector<PreparedAsset>& assets) {
  std::vector<std::optional<LatestAsset>> latest;
  std::vector<std::string> conflicts;
  for (const PreparedAsset& asset : assets) {
    latest.push_back(load_latest(sql, asset.name));
    if (action_of(asset, latest.back()) == PlanAction::kConflict)
      conflicts.push_back(conflict_text(asset, latest.back()));
  }
  if (conflicts.empty()) return latest;
  const std::size_t more = conflicts.size() - std::min(conflicts.size(), kConflictsTold);
  conflicts.resize(conflicts.size() - more);
  std::string text = fmt::format("{}", fmt::join(conflicts, "; "));
  if (more != 0) text += fmt::format("; and {} more", more);
  return fail(ErrorCode::kConflict, text + ". Nothing was stored", "parent",
              "Pull, put the two together, and push again.");
}

}  // namespace

Result<PlanResult> AssetStore::plan(std::vector<AssetChange> changes) {
  SLIPWAY_ASSIGN(Prepared prepared, prepare(std::move(changes), ports_, limits_));
  PlanResult result;
  result.problems = std::move(prepared.problems);
  return database_.read([&](soci::session& sql) -> Result<PlanResult> {
    for (PreparedAsset& asset : prepared.assets) {
      SLIPWAY_TRY(align_cases(sql, asset));
      SLIPWAY_ASSIGN(PlanItem item, plan_one(sql, asset));
      result.items.push_back(std::move(item));
    }
    PushCheck check(sql, ports_, prepared.assets);
    std::ranges::move(check.run(false), std::back_inserter(result.problems));
    return std::move(result);
  });
}

Result<PushResult> AssetStore::push(const Author& author, std::vector<AssetChange> changes,
                                    std::string message) {
  if (message.size() > kMessageBytes)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the message has {} bytes, at most {} are kept", message.size(), kMessageBytes),
                "message");
  SLIPWAY_ASSIGN(Prepared prepared, prepare(std::move(changes), ports_, limits_));
  PushResult result;
  result.problems = std::move(prepared.problems);
  if (!result.problems.empty()) return result;
  Result<> stored = database_.write_quietly([&](soci::session& sql) -> Result<> {
    for (PreparedAsset& asset : prepared.assets) SLIPWAY_TRY(align_cases(sql, asset));
    PushCheck check(sql, ports_, prepared.assets);
    result.problems = check.run(true);
    if (!result.problems.empty()) return fail(ErrorCode::kInvalidArgument, "there are problems");
    SLIPWAY_ASSIGN(const auto latest, meet(sql, prepared.assets));
    PushWriter writer(sql, ports_, author, message);
    for (std::size_t i = 0; i < prepared.assets.size(); ++i) {
      SLIPWAY_ASSIGN(PushItem item, writer.write(prepared.assets[i], latest[i]));
      result.items.push_back(std::move(item));
    }
    return {};
  });
  if (!result.problems.empty()) return result;
  SLIPWAY_TRY(stored);
  return result;
}

}  // namespace slipway::catalog
