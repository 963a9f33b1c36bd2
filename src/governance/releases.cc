// SPDX-License-Identifier: Apache-2.0
#include "governance/releases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "governance/release_notes.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kMessageBytes = 4'000;
constexpr std::size_t kLimitsBytes = 8'000;
constexpr std::size_t kPinsLimit = 2'000;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

struct Row {
  std::string use_case, digest, entry, message, known_limits, author_id, author;
  long long number = 0, created = 0;

  [[nodiscard]] Result<ReleaseManifest> manifest() const {
    ReleaseManifest release;
    release.use_case = use_case;
    release.number = number;
    release.digest = digest;
    SLIPWAY_ASSIGN(release.entry, catalog::AssetName::parse(entry));
    release.message = message;
    release.known_limits = known_limits;
    release.author_id = author_id;
    release.author = author;
    release.created_us = created;
    return release;
  }
};

// At most `limit` releases with a number below `below`, newest first.
std::vector<Row> fetch(soci::session& sql, const std::string& use_case, long long below, long long limit) {
  std::vector<Row> rows;
  Row row;
  soci::statement statement =
      (sql.prepare
           << "SELECT use_case, number, digest, entry, message, known_limits, author_id, author, created_us "
              "FROM releases WHERE use_case = :use_case AND number < :below ORDER BY number DESC LIMIT "
              ":limit",
       soci::use(use_case), soci::use(below), soci::use(limit), soci::into(row.use_case),
       soci::into(row.number), soci::into(row.digest), soci::into(row.entry), soci::into(row.message),
       soci::into(row.known_limits), soci::into(row.author_id), soci::into(row.author),
       soci::into(row.created));
  statement.execute();
  while (statement.fetch()) rows.push_back(row);
  return rows;
}

Result<> add_assets(soci::session& sql, ReleaseManifest& release) {
  std::string asset;
  long long version = 0;
  PinnedAsset pinned;
  const long long number = release.number;
  soci::statement statement =
      (sql.prepare
           << "SELECT asset, version, digest, author FROM release_assets WHERE use_case = :use_case AND "
              "number = :number ORDER BY asset",
       soci::use(release.use_case), soci::use(number), soci::into(asset), soci::into(version),
       soci::into(pinned.digest), soci::into(pinned.author));
  statement.execute();
  while (statement.fetch()) {
    SLIPWAY_ASSIGN(pinned.name, catalog::AssetName::parse(asset));
    pinned.version = version;
    release.assets.push_back(pinned);
  }
  return {};
}

Result<std::vector<ReleaseManifest>> fetch_manifests(soci::session& sql, const std::string& use_case,
                                                     long long below, long long limit) {
  std::vector<ReleaseManifest> releases;
  for (const Row& row : fetch(sql, use_case, below, limit)) {
    SLIPWAY_ASSIGN(ReleaseManifest release, row.manifest());
    SLIPWAY_TRY(add_assets(sql, release));
    releases.push_back(std::move(release));
  }
  return releases;
}

std::vector<PinnedAsset> pins_of(const std::vector<catalog::AssetVersion>& assets) {
  std::vector<PinnedAsset> pins;
  for (const catalog::AssetVersion& asset : assets)
    pins.push_back({asset.name, asset.number, asset.digest, asset.author});
  return pins;
}

Result<std::map<catalog::AssetName, std::int64_t>> read_versions(const CutRequest& request) {
  if (request.versions.size() > kPinsLimit)
    return bad(fmt::format("at most {} versions can be asked for", kPinsLimit), "versions");
  std::map<catalog::AssetName, std::int64_t> versions;
  for (const auto& [text, number] : request.versions) {
    const auto slashes = std::ranges::count(text, '/');
    auto name = catalog::AssetName::parse(slashes == 1 ? request.use_case + "/" + text : text);
    if (!name)
      return bad(name.error().message, fmt::format("versions.{}", ellipsize(text, 120)), name.error().hint);
    if (number < 1)
      return bad("versions are counted from 1", fmt::format("versions.{}", ellipsize(text, 120)));
    versions.emplace(std::move(*name), number);
  }
  return versions;
}

Result<> check_texts(const CutRequest& request) {
  if (request.message.size() > kMessageBytes)
    return bad(fmt::format("a message has at most {} bytes", kMessageBytes), "message");
  if (request.known_limits.size() > kLimitsBytes)
    return bad(fmt::format("known limits have at most {} bytes", kLimitsBytes), "known_limits");
  return {};
}

std::unexpected<Error> refuse(const std::vector<catalog::Problem>& problems, std::string_view use_case) {
  const catalog::Problem& first = problems.front();
  std::string message = fmt::format("'{}' can't be released: {}", use_case, first.message);
  if (!first.path.empty()) message += fmt::format(" ({} of {})", first.path, first.asset);
  if (problems.size() > 1) message += fmt::format(", and {} more problems", problems.size() - 1);
  return bad(std::move(message), "assets", first.hint);
}

Result<> insert(soci::session& sql, const ReleaseManifest& release, const json::object& notes) {
  const long long number = release.number;
  const long long created = release.created_us;
  const std::string entry = release.entry.to_string();
  const std::string notes_text = json::serialize(notes);
  sql << "INSERT INTO releases (use_case, number, digest, entry, message, known_limits, notes, author_id, "
         "author, "
         "created_us) VALUES (:use_case, :number, :digest, :entry, :message, :limits, :notes, :author_id, "
         ":author, "
         ":created)",
      soci::use(release.use_case), soci::use(number), soci::use(release.digest), soci::use(entry),
      soci::use(release.message), soci::use(release.known_limits), soci::use(notes_text),
      soci::use(release.author_id), soci::use(release.author), soci::use(created);
  for (const PinnedAsset& asset : release.assets) {
    const std::string name = asset.name.to_string();
    const long long version = asset.version;
    sql << "INSERT INTO release_assets (use_case, number, asset, version, digest, author) VALUES (:use_case, "
           ":number, :asset, :version, :digest, :author)",
        soci::use(release.use_case), soci::use(number), soci::use(name), soci::use(version),
        soci::use(asset.digest), soci::use(asset.author);
  }
  return {};
}

}  // namespace

const PinnedAsset* ReleaseManifest::find(const catalog::AssetName& name) const {
  const auto found = std::ranges::find(assets, name, &PinnedAsset::name);
  return found == assets.end() ? nullptr : &*found;
}

// A release as it would be.
struct ReleaseStore::Draft {
  Closure closure;
  ReleaseManifest release;                // numbered as the next one
  std::optional<ReleaseManifest> latest;  // the one before
  json::object notes;
};

Result<catalog::AssetName> ReleaseStore::entry_of(const CutRequest& request, const UseCase& use_case) {
  if (!trim(request.entry).empty()) return parse_entry(request.entry, request.use_case);
  if (!use_case.entry.empty()) return parse_entry(use_case.entry, request.use_case);
  return find_entry(assets_, request.use_case);
}

Result<ReleaseStore::Draft> ReleaseStore::draft(soci::session& sql, const CutRequest& request,
                                                const UseCase& use_case,
                                                const catalog::AssetName& entry) const {
  Draft draft;
  SLIPWAY_ASSIGN(auto versions, read_versions(request));
  SLIPWAY_ASSIGN(draft.closure,
                 resolve_closure(sql, assets_, {request.use_case, entry, std::move(versions)}));
  SLIPWAY_ASSIGN(auto latest, fetch_manifests(sql, request.use_case, INT64_MAX, 1));
  if (!latest.empty()) draft.latest = std::move(latest.front());
  ReleaseManifest& release = draft.release;
  release.use_case = request.use_case;
  release.number = draft.latest ? draft.latest->number + 1 : 1;
  release.digest = draft.closure.digest;
  release.entry = entry;
  release.assets = pins_of(draft.closure.assets);
  release.message = std::string(trim(request.message));
  release.known_limits = std::string(trim(request.known_limits));
  release.created_us = unix_now_us();
  if (!draft.closure.problems.empty()) return draft;

  // Compared with what runs in each environment; environments with the same release share a section.
  std::vector<NotesBase> bases;
  for (const std::string& environment : environments_) {
    long long active = 0;
    sql << "SELECT active FROM deployments WHERE use_case = :use_case AND environment = :environment",
        soci::use(request.use_case), soci::use(environment), soci::into(active);
    if (active == 0) continue;
    const auto same = std::ranges::find(bases, active, &NotesBase::number);
    if (same != bases.end()) {
      same->environments.push_back(environment);
      continue;
    }
    SLIPWAY_ASSIGN(const ReleaseManifest running, get(sql, request.use_case, active));
    SLIPWAY_ASSIGN(auto contents, load(sql, running));
    bases.push_back({{environment}, active, std::move(contents)});
  }
  if (bases.empty() && draft.latest) {
    SLIPWAY_ASSIGN(auto contents, load(sql, *draft.latest));
    bases.push_back({{}, draft.latest->number, std::move(contents)});
  }
  if (bases.empty()) bases.emplace_back();
  draft.notes = make_notes({use_case, release, draft.closure.assets, bases});
  return draft;
}

Result<CutResult> ReleaseStore::cut(const CutRequest& request, const Actor& actor) {
  SLIPWAY_TRY(check_texts(request));
  SLIPWAY_ASSIGN(const UseCase use_case, use_cases_.get(request.use_case));
  SLIPWAY_ASSIGN(const catalog::AssetName entry, entry_of(request, use_case));
  return database_.write([&](soci::session& sql) -> Result<CutResult> {
    SLIPWAY_ASSIGN(const UseCaseState state, UseCaseStore::state(sql, request.use_case));
    if (state == UseCaseState::kRetired)
      return fail(ErrorCode::kConflict, fmt::format("the use case '{}' is retired", request.use_case),
                  "use_case", "Register a new one for a new purpose.");
    SLIPWAY_ASSIGN(Draft made, draft(sql, request, use_case, entry));
    if (!made.closure.problems.empty()) return refuse(made.closure.problems, request.use_case);
    if (made.latest && made.latest->digest == made.release.digest)
      return CutResult{std::move(*made.latest), false};
    made.release.author_id = actor.id;
    made.release.author = actor.name;
    made.notes["author"] = actor.name;
    SLIPWAY_TRY(insert(sql, made.release, made.notes));
    SLIPWAY_TRY(append_audit(sql, actor,
                             {"release.cut",
                              "release",
                              made.release.id(),
                              request.use_case,
                              {},
                              {{"digest", made.release.digest},
                               {"entry", entry.to_string()},
                               {"assets", made.release.assets.size()},
                               {"message", made.release.message}}}));
    return CutResult{std::move(made.release), true};
  });
}

Result<CutPreview> ReleaseStore::preview(const CutRequest& request) {
  SLIPWAY_TRY(check_texts(request));
  SLIPWAY_ASSIGN(const UseCase use_case, use_cases_.get(request.use_case));
  CutPreview preview;
  const auto entry = entry_of(request, use_case);
  if (!entry) {
    if (entry.error().code != ErrorCode::kInvalidArgument) return fail(entry.error());
    preview.problems.push_back({"", "entry", entry.error().message, entry.error().hint});
    return preview;
  }
  return database_.read([&](soci::session& sql) -> Result<CutPreview> {
    SLIPWAY_ASSIGN(Draft made, draft(sql, request, use_case, *entry));
    preview.digest = made.release.digest;
    preview.unchanged =
        made.latest && !made.release.digest.empty() && made.latest->digest == made.release.digest;
    preview.assets = std::move(made.release.assets);
    preview.latest = std::move(made.closure.latest);
    preview.problems = std::move(made.closure.problems);
    preview.notes = std::move(made.notes);
    return std::move(preview);
  });
}

Result<ReleaseManifest> ReleaseStore::get(std::string_view use_case, std::int64_t number) {
  return database_.read([&](soci::session& sql) { return get(sql, use_case, number); });
}

Result<ReleaseManifest> ReleaseStore::get(soci::session& sql, std::string_view use_case,
                                          std::int64_t number) const {
  const std::string slug(use_case);
  // The newest at or below: tells what there is when it isn't this one.
  SLIPWAY_ASSIGN(auto found, fetch_manifests(sql, slug, number == INT64_MAX ? number : number + 1, 1));
  if (!found.empty() && found.front().number == number) return std::move(found.front());
  long long newest = 0;
  sql << "SELECT COALESCE(MAX(number), 0) FROM releases WHERE use_case = :use_case", soci::use(slug),
      soci::into(newest);
  if (newest == 0) SLIPWAY_TRY(UseCaseStore::state(sql, use_case));  // is there such a use case at all?
  return fail(ErrorCode::kNotFound, fmt::format("there is no release {}@{}", ellipsize(use_case, 80), number),
              "release",
              newest == 0 ? std::string("Cut the first one: slipway release cut.")
                          : fmt::format("The newest is {}@{}.", ellipsize(use_case, 80), newest));
}

Result<ReleasePage> ReleaseStore::list(std::string_view use_case, std::string_view cursor,
                                       std::uint32_t limit) {
  long long below = INT64_MAX;
  if (!cursor.empty()) {
    const auto parsed = parse_integer<std::int64_t>(cursor);
    if (!parsed) return bad("this is no cursor of a page of releases", "cursor");
    below = *parsed;
  }
  return database_.read([&](soci::session& sql) -> Result<ReleasePage> {
    SLIPWAY_TRY(UseCaseStore::state(sql, use_case));
    ReleasePage page;
    SLIPWAY_ASSIGN(page.items,
                   fetch_manifests(sql, std::string(use_case), below, static_cast<long long>(limit) + 1));
    if (page.items.size() > limit) {
      page.items.resize(limit);
      page.next_cursor = std::to_string(page.items.back().number);
    }
    return page;
  });
}

Result<json::object> ReleaseStore::notes(std::string_view use_case, std::int64_t number) {
  return database_.read([&](soci::session& sql) -> Result<json::object> {
    SLIPWAY_TRY(get(sql, use_case, number));
    const std::string slug(use_case);
    const long long wanted = number;
    std::string text;
    sql << "SELECT notes FROM releases WHERE use_case = :use_case AND number = :number", soci::use(slug),
        soci::use(wanted), soci::into(text);
    SLIPWAY_ASSIGN(json::value notes, parse_json(text));
    if (!notes.is_object())
      return fail(ErrorCode::kDataLoss, "stored release notes are no JSON object",
                  fmt::format("{}@{}", slug, number));
    return std::move(notes.as_object());
  });
}

Result<std::vector<catalog::AssetVersion>> ReleaseStore::load(const ReleaseManifest& release) {
  return database_.read([&](soci::session& sql) { return load(sql, release); });
}

Result<std::vector<catalog::AssetVersion>> ReleaseStore::load(soci::session& sql,
                                                              const ReleaseManifest& release) const {
  std::vector<catalog::AssetVersion> contents;
  for (const PinnedAsset& asset : release.assets) {
    SLIPWAY_ASSIGN(auto version, assets_.version(sql, asset.name, std::to_string(asset.version)));
    if (version.digest != asset.digest)
      return fail(
          ErrorCode::kDataLoss,
          fmt::format("{} version {} is not what the release pinned", asset.name.to_string(), asset.version),
          release.id(), "Somebody has changed the database: restore a backup and run slipway audit verify.");
    contents.push_back(std::move(version));
  }
  if (release_digest(release.use_case, release.entry, contents) != release.digest)
    return fail(ErrorCode::kDataLoss, fmt::format("the digest of {} does not fit its assets", release.id()),
                release.id(),
                "Somebody has changed the database: restore a backup and run slipway audit verify.");
  return contents;
}

Result<std::map<catalog::AssetName, std::int64_t>> ReleaseStore::latest_versions(
    soci::session& sql, const ReleaseManifest& release) const {
  std::map<catalog::AssetName, std::int64_t> latest;
  for (const PinnedAsset& asset : release.assets) {
    SLIPWAY_ASSIGN(const auto version, assets_.version(sql, asset.name, "latest"));
    latest[asset.name] = version.number;
  }
  return latest;
}

Result<json::object> ReleaseStore::compare(std::string_view use_case, std::int64_t from, std::int64_t to) {
  return database_.read([&](soci::session& sql) -> Result<json::object> {
    NotesBase base;
    base.number = from;
    if (from != 0) {
      SLIPWAY_ASSIGN(const ReleaseManifest running, get(sql, use_case, from));
      SLIPWAY_ASSIGN(base.assets, load(sql, running));
    }
    SLIPWAY_ASSIGN(const ReleaseManifest release, get(sql, use_case, to));
    SLIPWAY_ASSIGN(const auto contents, load(sql, release));
    return compare_releases(base, contents);
  });
}

Result<std::vector<catalog::AssetUse>> ReleaseStore::uses(soci::session& sql,
                                                          const catalog::AssetName& name) const {
  constexpr std::size_t kUsesLimit = 500;
  std::vector<catalog::AssetUse> uses;
  const std::string asset = name.to_string();
  std::string use_case;
  std::string environment;
  long long number = 0;
  long long version = 0;
  soci::statement running =
      (sql.prepare
           << "SELECT d.use_case, d.environment, a.version FROM release_assets a JOIN deployments d ON "
              "d.use_case = a.use_case AND a.number IN (d.active, d.standby, d.candidate) WHERE a.asset = "
              ":asset ORDER BY d.use_case, d.environment, a.version",
       soci::use(asset), soci::into(use_case), soci::into(environment), soci::into(version));
  running.execute();
  while (running.fetch() && uses.size() < kUsesLimit)
    uses.push_back({"deployment", fmt::format("{} in {}", use_case, environment), version, ""});
  soci::statement releases =
      (sql.prepare
           << "SELECT use_case, number, version FROM release_assets WHERE asset = :asset ORDER BY use_case, "
              "number DESC",
       soci::use(asset), soci::into(use_case), soci::into(number), soci::into(version));
  releases.execute();
  while (releases.fetch() && uses.size() < kUsesLimit)
    uses.push_back({"release", fmt::format("{}@{}", use_case, number), version, ""});
  return uses;
}

}  // namespace slipway::governance
