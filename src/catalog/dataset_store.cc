// SPDX-License-Identifier: Apache-2.0
#include "catalog/dataset_store.h"

#include <fmt/format.h>

#include <cmath>

#include "base/crypto.h"
#include "base/text.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kShares = 20;
constexpr double kTwo53 = 9'007'199'254'740'992.0;

Error error_of(const Problem& problem) {
  return {ErrorCode::kInvalidArgument, problem.message, problem.path, problem.hint};
}

std::string cases_text(std::int64_t count) { return fmt::format("{} case{}", count, count == 1 ? "" : "s"); }

}  // namespace

Result<AssetVersion> DatasetStore::version(const AssetName& name, std::string_view which) {
  if (name.kind != "dataset")
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no dataset", name.to_string()), "name");
  return assets_.version(name, which.empty() ? "latest" : which);
}

Result<std::optional<AssetVersion>> DatasetStore::begin(const DatasetChange& change) {
  SLIPWAY_TRY(check_name(change.name));
  auto latest = version(change.name, "latest");
  if (!latest && latest.error().code != ErrorCode::kNotFound) return fail(latest.error());
  const std::string present = latest ? latest->digest : std::string();
  // Told before the work, not after it; the push checks again.
  if (change.parent && *change.parent != present)
    return fail(ErrorCode::kConflict,
                latest ? fmt::format("{} was changed by {} at {} (version {})", change.name.to_string(),
                                     latest->author, format_time_us(latest->created_us), latest->number)
                       : fmt::format("{} is not there", change.name.to_string()),
                "parent", "Look at the latest version, and make the change again.");
  if (!latest) return std::optional<AssetVersion>();
  return std::optional(std::move(*latest));
}

Result<PushItem> DatasetStore::push(const Author& author, const DatasetChange& change,
                                    const std::optional<AssetVersion>& before, const CaseSummary& summary,
                                    std::string fallback_message) {
  json::object content = before ? before->content : json::object();
  for (const std::string_view member : {"cases", "count", "cases_digest", "splits"}) content.erase(member);
  for (json::key_value_pair& member : cases_content(summary))
    content.insert_or_assign(member.key(), std::move(member.value()));
  if (change.description) content["description"] = *change.description;
  std::vector<AssetChange> changes;
  changes.push_back({change.name, std::move(content), before ? before->digest : std::string()});
  SLIPWAY_ASSIGN(PushResult pushed,
                 assets_.push(author, std::move(changes),
                              change.message.empty() ? std::move(fallback_message) : change.message));
  if (!pushed.problems.empty()) return fail(error_of(pushed.problems.front()));
  return std::move(pushed.items.front());
}

Result<ImportedDataset> DatasetStore::import(const Author& author, const std::optional<DatasetChange>& change,
                                             ImportMode mode, ByteSource source, const ReadOptions& options,
                                             const std::function<bool(std::int64_t cases)>& progress) {
  std::optional<AssetVersion> before;
  if (change) {
    SLIPWAY_ASSIGN(before, begin(*change));
  }
  const auto reader = read_cases(std::move(source), options);
  ImportedDataset out;
  if (!reader) {
    if (reader.error().code != ErrorCode::kInvalidArgument) return fail(reader.error());
    out.report.problems.push_back(reader.error());
    out.report.problem_count = 1;
    return out;
  }
  const auto writer = cases_.begin();
  if (mode == ImportMode::kAppend && before) {
    SLIPWAY_ASSIGN(CaseWalk walk, cases_.walk(before->content));
    while (walk.at() < walk.places().size()) {
      const bool last = walk.at() + 1 == walk.places().size();
      SLIPWAY_ASSIGN(auto chunk, walk.next());
      SLIPWAY_TRY(writer->add_chunk(std::move(*chunk), last));
    }
  }
  SLIPWAY_ASSIGN(
      out.report,
      import_cases(**reader, options, [&](const Case& one) { return writer->add(one); }, progress));
  if (!out.report.problems.empty()) return out;
  SLIPWAY_ASSIGN(out.summary, writer->finish());
  if (!change) return out;
  std::string message =
      fmt::format("Import {} ({})", cases_text(out.report.read - out.report.repeated), out.report.format);
  if (!options.file_name.empty()) message += " from " + ellipsize(options.file_name, 200);
  SLIPWAY_ASSIGN(out.item, push(author, *change, before, out.summary, std::move(message)));
  return out;
}

Result<StoredDataset> DatasetStore::edit(const Author& author, const DatasetChange& change, CaseEdits edits) {
  if (edits.add.empty() && edits.replace.empty() && edits.remove.empty())
    return fail(ErrorCode::kInvalidArgument, "there is nothing to change", "add",
                "Give cases to add or to replace, or ids to remove.");
  SLIPWAY_ASSIGN(const auto before, begin(change));
  if (!before && (!edits.replace.empty() || !edits.remove.empty()))
    return fail(ErrorCode::kNotFound, fmt::format("there is no {}", change.name.to_string()), "name");
  std::string message;
  for (const auto& [verb, count] :
       {std::pair{"add", edits.add.size()}, std::pair{"change", edits.replace.size()},
        std::pair{"remove", edits.remove.size()}}) {
    if (count == 0) continue;
    message += fmt::format("{}{} {}", message.empty() ? "" : ", ", verb,
                           cases_text(static_cast<std::int64_t>(count)));
  }
  message[0] = static_cast<char>(message[0] - 'a' + 'A');
  StoredDataset out;
  const json::object nothing{{"cases", json::array()}};
  SLIPWAY_ASSIGN(out.summary, cases_.edit(before ? before->content : nothing, std::move(edits)));
  SLIPWAY_ASSIGN(out.item, push(author, change, before, out.summary, std::move(message)));
  return out;
}

Result<> check_shares(const SplitPlan& plan) {
  if (plan.shares.empty() || plan.shares.size() > kShares)
    return fail(ErrorCode::kInvalidArgument, fmt::format("give 1 to {} splits", kShares), "shares",
                "As in train=0.8 test=0.2.");
  double sum = 0;
  for (const auto& [name, share] : plan.shares) {
    if (name.empty() || name.size() > 100 || !std::isfinite(share) || share <= 0)
      return fail(ErrorCode::kInvalidArgument, "a split has a name and a share above 0", "shares",
                  "As in train=0.8 test=0.2.");
    sum += share;
  }
  if (std::abs(sum - 1) > 1e-9 && plan.shares.size() > 1)
    return fail(ErrorCode::kInvalidArgument, fmt::format("the shares add up to {:.6g}, not to 1", sum),
                "shares", "As in train=0.8 test=0.2.");
  if (plan.shares.size() == 1 && sum > 1 + 1e-9)
    return fail(ErrorCode::kInvalidArgument, "a share is at most 1", "shares");
  return {};
}

std::string split_of(const SplitPlan& plan, std::string_view key) {
  // The leading 53 bits of a hash: a number in [0, 1) that depends on nothing but seed and key.
  const std::uint64_t hash = id_hash(fmt::format("split {} {}", plan.seed, key));
  double place = static_cast<double>(hash >> 11) / kTwo53;
  for (const auto& [name, share] : plan.shares) {
    if (place < share) return name;
    place -= share;
  }
  return plan.shares.size() == 1 ? std::string() : plan.shares.back().first;
}

Result<StoredDataset> DatasetStore::split(const Author& author, const DatasetChange& change,
                                          const SplitPlan& plan) {
  SLIPWAY_TRY(check_shares(plan));
  SLIPWAY_ASSIGN(const auto before, begin(change));
  if (!before)
    return fail(ErrorCode::kNotFound, fmt::format("there is no {}", change.name.to_string()), "name");
  const auto assign = [&](json::object& fields) -> Result<bool> {
    if (plan.only_unassigned && fields.contains("split")) return true;
    const json::value* cluster = fields.if_contains("cluster");
    const json::value& key = cluster == nullptr ? fields.at("id") : *cluster;
    const std::string side = split_of(plan, key.as_string());
    if (side.empty())
      fields.erase("split");
    else
      fields["split"] = side;
    return true;
  };
  StoredDataset out;
  SLIPWAY_ASSIGN(out.summary, cases_.rewrite(before->content, assign));
  std::string shares;
  for (const auto& [name, share] : plan.shares) shares += fmt::format(" {}={:g}", name, share);
  SLIPWAY_ASSIGN(out.item, push(author, change, before, out.summary,
                                fmt::format("Split by seed {}:{}", plan.seed, shares)));
  return out;
}

}  // namespace slipway::catalog
