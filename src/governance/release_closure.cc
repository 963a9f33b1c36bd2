// SPDX-License-Identifier: Apache-2.0
#include "governance/release_closure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <deque>
#include <set>

#include "base/text.h"
#include "catalog/canonical.h"

namespace slipway::governance {

namespace {

using catalog::AssetName;
using catalog::Problem;

// A release of more than this many assets is a mistake.
constexpr std::size_t kAssetsLimit = 2'000;
constexpr std::uint32_t kEntriesShown = 100;
constexpr std::array<std::string_view, 3> kEntryKinds = {"prompt", "flow", "agent"};

Result<> check_entry(const AssetName& entry, std::string_view use_case) {
  if (entry.owner != use_case && entry.owner != catalog::kSharedOwner)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} belongs to another use case", entry.to_string()),
                "entry", "A release begins with an asset of its own use case or a shared one.");
  if (std::ranges::find(kEntryKinds, entry.kind) == kEntryKinds.end())
    return fail(ErrorCode::kInvalidArgument, fmt::format("calls can't begin with a {}", entry.kind), "entry",
                "Name a prompt, a flow or an agent.");
  return {};
}

std::string hint_of(const catalog::Deprecation& deprecation) {
  std::string hint = deprecation.reason.empty() ? std::string() : deprecation.reason;
  if (!deprecation.replaced_by.empty())
    hint += fmt::format("{}Use {} instead.",
                        hint.empty()          ? ""
                        : hint.ends_with('.') ? " "
                                              : ". ",
                        deprecation.replaced_by);
  return hint.empty() ? std::string("Refer to another asset, or restore this one.") : hint;
}

// Walks the references breadth first; each asset is loaded once, so cycles end.
class Walk {
 public:
  Walk(soci::session& sql, catalog::AssetStore& assets, const ClosureRequest& request)
      : sql_(sql), assets_(assets), request_(request) {}

  Result<Closure> run() {
    visit(request_.entry, "the use case", "entry");
    while (!open_.empty()) {
      const Visit next = std::move(open_.front());
      open_.pop_front();
      SLIPWAY_TRY(load(next));
      if (closure_.assets.size() > kAssetsLimit) {
        closure_.problems.push_back({request_.entry.to_string(), "",
                                     fmt::format("it reaches more than {} assets", kAssetsLimit),
                                     "Split the use case."});
        break;
      }
    }
    for (const auto& [name, number] : request_.versions)
      if (!seen_.contains(name))
        closure_.problems.push_back({name.to_string(), "versions",
                                     fmt::format("version {} is asked for, but nothing refers to it", number),
                                     "Leave it out of versions."});
    std::ranges::sort(closure_.assets, {},
                      [](const catalog::AssetVersion& asset) { return asset.name.to_string(); });
    if (closure_.problems.empty())
      closure_.digest = release_digest(request_.use_case, request_.entry, closure_.assets);
    return std::move(closure_);
  }

 private:
  struct Visit {
    AssetName name;
    std::string from;  // the asset that refers to it
    std::string path;
  };

  void visit(const AssetName& name, std::string from, std::string path) {
    if (seen_.insert(name).second) open_.push_back({name, std::move(from), std::move(path)});
  }

  void report(const Visit& at, std::string message, std::string hint) {
    closure_.problems.push_back({at.from, at.path, std::move(message), std::move(hint)});
  }

  Result<> load(const Visit& at) {
    if (at.name.owner != request_.use_case && at.name.owner != catalog::kSharedOwner) {
      report(at, fmt::format("{} belongs to another use case", at.name.to_string()),
             "Refer to an asset of your own or a shared one.");
      return {};
    }
    const auto pinned = request_.versions.find(at.name);
    const std::string which =
        pinned == request_.versions.end() ? std::string("latest") : std::to_string(pinned->second);
    auto version = assets_.version(sql_, at.name, which);
    if (!version && version.error().code != ErrorCode::kNotFound) return fail(version.error());
    if (!version) {
      report(at,
             pinned == request_.versions.end()
                 ? fmt::format("{} does not exist", at.name.to_string())
                 : fmt::format("there is no version {} of {}", which, at.name.to_string()),
             version.error().hint);
      return {};
    }
    SLIPWAY_ASSIGN(const auto deprecation, assets_.deprecation(sql_, at.name));
    if (deprecation) report(at, fmt::format("{} is deprecated", at.name.to_string()), hint_of(*deprecation));
    closure_.latest[at.name] = version->number;
    if (pinned != request_.versions.end()) {
      SLIPWAY_ASSIGN(const auto latest, assets_.version(sql_, at.name, "latest"));
      closure_.latest[at.name] = latest.number;
    }
    for (const catalog::Reference& reference : version->references)
      visit(reference.target, at.name.to_string(), reference.path);
    closure_.assets.push_back(std::move(*version));
    return {};
  }

  soci::session& sql_;
  catalog::AssetStore& assets_;
  const ClosureRequest& request_;
  Closure closure_;
  std::set<AssetName> seen_;
  std::deque<Visit> open_;
};

}  // namespace

Result<AssetName> parse_entry(std::string_view text, std::string_view use_case) {
  const std::vector<std::string_view> parts = split(trim(text), '/');
  std::string full(trim(text));
  if (parts.size() == 1) full = fmt::format("{}/prompt/{}", use_case, full);
  if (parts.size() == 2) full = fmt::format("{}/{}", use_case, full);
  auto entry = AssetName::parse(full);
  if (!entry) {
    Error error = entry.error();
    error.where = "entry";
    return fail(std::move(error));
  }
  SLIPWAY_TRY(check_entry(*entry, use_case));
  return std::move(*entry);
}

Result<AssetName> find_entry(catalog::AssetStore& assets, const std::string& use_case) {
  std::vector<AssetName> found;
  for (const std::string_view kind : {"prompt", "flow"}) {
    catalog::AssetFilter filter;
    filter.owner = use_case;
    filter.kind = kind;
    filter.deprecated = false;
    filter.limit = kEntriesShown;
    SLIPWAY_ASSIGN(const catalog::AssetPage page, assets.list(filter));
    for (const catalog::AssetInfo& asset : page.items) found.push_back(asset.name);
    // The one called main may lie beyond the first page.
    const AssetName main{use_case, std::string(kind), "main"};
    if (!page.next_cursor.empty() && std::ranges::find(found, main) == found.end()) {
      const auto info = assets.find(main);
      if (info && !info->deprecated) found.push_back(main);
    }
  }
  if (found.size() == 1) return found.front();
  std::vector<AssetName> mains;
  std::ranges::copy_if(found, std::back_inserter(mains),
                       [](const AssetName& name) { return name.name == "main"; });
  if (mains.size() == 1) return mains.front();
  if (found.empty())
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' has no prompt and no flow yet", use_case),
                "entry", "Push one first: slipway push.");
  std::vector<std::string> names;
  for (const AssetName& name : found) names.push_back(name.kind + "/" + name.name);
  if (names.size() > 5) {
    names.resize(5);
    names.emplace_back("…");
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' has {} prompts and flows, and it is not said with which one calls begin",
                          use_case, found.size()),
              "entry",
              fmt::format("Name it as the use case's entry or with --entry: {}.", fmt::join(names, ", ")));
}

Result<Closure> resolve_closure(soci::session& sql, catalog::AssetStore& assets,
                                const ClosureRequest& request) {
  SLIPWAY_TRY(check_entry(request.entry, request.use_case));
  return Walk(sql, assets, request).run();
}

std::string release_digest(std::string_view use_case, const AssetName& entry,
                           const std::vector<catalog::AssetVersion>& assets) {
  json::array pinned;
  for (const catalog::AssetVersion& asset : assets)
    pinned.emplace_back(json::object{{"name", asset.name.to_string()}, {"digest", asset.digest}});
  return catalog::digest_of(catalog::canonical_json(json::object{{"format", 1},
                                                                 {"use_case", std::string(use_case)},
                                                                 {"entry", entry.to_string()},
                                                                 {"assets", std::move(pinned)}}));
}

}  // namespace slipway::governance
