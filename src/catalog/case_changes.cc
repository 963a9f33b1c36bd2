// SPDX-License-Identifier: Apache-2.0
// What CaseStore makes of stored sets: edited ones, and what differs between two.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "catalog/case_rows.h"
#include "catalog/case_store.h"

namespace slipway::catalog {

namespace {

constexpr std::uint32_t kDiffPage = 500;

Error no_case(std::string_view id) {
  return {ErrorCode::kNotFound, fmt::format("there is no case '{}'", ellipsize(id, 200)), "id",
          "GET the dataset's cases to see which there are."};
}

// Edits as they are looked up while the old set goes by.
class EditPlan {
 public:
  static Result<EditPlan> make(CaseEdits& edits) {
    EditPlan plan;
    for (Case& one : edits.replace) {
      std::string id = one.id;
      if (!plan.replace_.emplace(std::move(id), std::move(one)).second)
        return fail(ErrorCode::kInvalidArgument, "one case is changed twice", "replace");
    }
    for (std::string& id : edits.remove)
      if (plan.replace_.contains(id) || !plan.remove_.insert(std::move(id)).second)
        return fail(ErrorCode::kInvalidArgument, "one case is changed or removed twice", "remove");
    for (const auto& [id, one] : plan.replace_) plan.hashes_.insert(id_hash(id));
    for (const std::string& id : plan.remove_) plan.hashes_.insert(id_hash(id));
    return plan;
  }
  [[nodiscard]] bool touches(const CaseChunk& chunk) const {
    return std::ranges::any_of(chunk.ids, [&](std::uint64_t id) { return hashes_.contains(id); });
  }
  // nullptr: the case goes.
  const Case* apply(const Case& one) {
    if (remove_.erase(one.id) != 0) return nullptr;
    const auto found = replace_.find(one.id);
    if (found == replace_.end()) return &one;
    replaced_ = std::move(found->second);
    replace_.erase(found);
    return &replaced_;
  }
  [[nodiscard]] Result<> all_done() const {
    if (!replace_.empty()) return fail(no_case(replace_.begin()->first));
    if (!remove_.empty()) return fail(no_case(*remove_.begin()));
    return {};
  }

 private:
  std::map<std::string, Case> replace_;
  std::set<std::string> remove_;
  std::unordered_set<std::uint64_t> hashes_;
  Case replaced_;
};

Result<> edit_chunk(CaseWriter& writer, const CaseChunk& chunk, EditPlan& plan) {
  Result<> done;
  for_each_line(chunk, [&](std::string_view line) {
    const auto one = read_case(line);
    if (!one) {
      done = fail(one.error());
    } else if (const Case* kept = plan.apply(*one)) {
      if (const auto added = writer.add(*kept); !added) done = fail(added.error());
    }
    return done.has_value();
  });
  return done;
}

using LineHashes = std::unordered_map<std::uint64_t, std::uint64_t>;  // id → line

// Of chunks that the other side has not.
Result<LineHashes> hashes_of(CaseWalk walk, const std::unordered_set<std::string>& common) {
  LineHashes out;
  while (walk.at() < walk.places().size()) {
    if (common.contains(walk.places()[walk.at()].digest)) {
      walk.skip();
      continue;
    }
    SLIPWAY_ASSIGN(const auto chunk, walk.next());
    std::size_t i = 0;
    for_each_line(*chunk, [&](std::string_view line) {
      if (i < chunk->ids.size()) out.emplace(chunk->ids[i++], id_hash(line));
      return true;
    });
  }
  return out;
}

std::unordered_set<std::string> common_chunks(const CaseWalk& a, const CaseWalk& b) {
  std::unordered_set<std::string> digests;
  std::unordered_set<std::string> common;
  for (const ChunkPlace& place : a.places()) digests.insert(place.digest);
  for (const ChunkPlace& place : b.places())
    if (digests.contains(place.digest)) common.insert(place.digest);
  return common;
}

// What the changed cases were.
Result<> fill_before(CaseWalk& walk, const std::unordered_set<std::string>& common,
                     std::unordered_map<std::string, CaseChange*>& changed) {
  walk.seek(0);
  while (!changed.empty() && walk.at() < walk.places().size()) {
    if (common.contains(walk.places()[walk.at()].digest)) {
      walk.skip();
      continue;
    }
    SLIPWAY_ASSIGN(const auto chunk, walk.next());
    for_each_line(*chunk, [&](std::string_view line) {
      const auto one = read_case(line);
      const auto wanted = one ? changed.find(one->id) : changed.end();
      if (wanted == changed.end()) return true;
      wanted->second->before = line;
      changed.erase(wanted);
      return !changed.empty();
    });
  }
  return {};
}

}  // namespace

std::string_view to_string(CaseChangeOp op) {
  switch (op) {
    case CaseChangeOp::kAdded: return "added";
    case CaseChangeOp::kRemoved: return "removed";
    case CaseChangeOp::kChanged: return "changed";
  }
  return "changed";
}

Result<CaseSummary> CaseStore::edit(const json::object& content, CaseEdits edits) {
  SLIPWAY_ASSIGN(EditPlan plan, EditPlan::make(edits));
  SLIPWAY_ASSIGN(CaseWalk cases, walk(content));
  const auto writer = begin();
  while (cases.at() < cases.places().size()) {
    const bool last = cases.at() + 1 == cases.places().size();
    SLIPWAY_ASSIGN(auto chunk, cases.next());
    if (plan.touches(*chunk))
      SLIPWAY_TRY(edit_chunk(*writer, *chunk, plan));
    else
      SLIPWAY_TRY(writer->add_chunk(std::move(*chunk), last));
  }
  SLIPWAY_TRY(plan.all_done());
  for (const Case& one : edits.add) {
    const auto added = writer->add(one);
    if (added && *added) continue;
    Error error = added ? Error{} : added.error();
    if (added || error.where == "id")
      error = {ErrorCode::kConflict, fmt::format("there is a case '{}' already", one.id), "id",
               "Change that one, or give this one another id."};
    return fail(std::move(error));
  }
  if (writer->count() == 0)
    return fail(ErrorCode::kInvalidArgument, "no case would be left", "remove",
                "A dataset has at least one; deprecate it instead.");
  return writer->finish();
}

Result<CaseSummary> CaseStore::rewrite(const json::object& content,
                                       const std::function<Result<bool>(json::object& fields)>& change) {
  SLIPWAY_ASSIGN(CaseWalk cases, walk(content));
  const auto writer = begin();
  const auto one = [&](std::string_view line) -> Result<> {
    SLIPWAY_ASSIGN(json::value value, parse_json(line));
    SLIPWAY_ASSIGN(const bool kept, change(value.as_object()));
    if (!kept) return {};
    SLIPWAY_ASSIGN(const Case changed, make_case(std::move(value.as_object()), limits_));
    const auto added = writer->add(changed);
    if (!added) return fail(added.error());
    return {};
  };
  while (cases.at() < cases.places().size()) {
    SLIPWAY_ASSIGN(const auto chunk, cases.next());
    Result<> done;
    for_each_line(*chunk, [&](std::string_view line) {
      done = one(line);
      return done.has_value();
    });
    SLIPWAY_TRY(done);
  }
  return writer->finish();
}

Result<CaseDiff> CaseStore::diff(const json::object& from, const json::object& to, std::string_view cursor,
                                 std::uint32_t limit) {
  const auto skip = cursor.empty() ? std::optional<std::int64_t>(0) : parse_integer<std::int64_t>(cursor);
  if (!skip || *skip < 0)
    return fail(ErrorCode::kInvalidArgument, "this cursor was not given out here", "cursor",
                "Use next_cursor of the page before.");
  SLIPWAY_ASSIGN(CaseWalk before, walk(from));
  SLIPWAY_ASSIGN(CaseWalk after, walk(to));
  const auto common = common_chunks(before, after);
  SLIPWAY_ASSIGN(const LineHashes old_lines, hashes_of(before, common));
  SLIPWAY_ASSIGN(const LineHashes new_lines, hashes_of(after, common));
  CaseDiff out;
  for (const auto& [id, line] : new_lines) {
    const auto old = old_lines.find(id);
    if (old == old_lines.end())
      ++out.added;
    else if (old->second != line)
      ++out.changed;
  }
  for (const auto& [id, line] : old_lines)
    if (!new_lines.contains(id)) ++out.removed;
  out.unchanged = after.count() - out.added - out.changed;

  const std::uint32_t most = std::clamp<std::uint32_t>(limit, 1, kDiffPage);
  std::int64_t seen = 0;
  // Lines of one side that differ from the other; false when the page is full.
  const auto collect = [&](CaseWalk& side, const LineHashes& other, bool newer) -> Result<bool> {
    while (side.at() < side.places().size()) {
      if (common.contains(side.places()[side.at()].digest)) {
        side.skip();
        continue;
      }
      SLIPWAY_ASSIGN(const auto chunk, side.next());
      std::size_t i = 0;
      for_each_line(*chunk, [&](std::string_view line) {
        const std::uint64_t id = i < chunk->ids.size() ? chunk->ids[i++] : 0;
        const auto match = other.find(id);
        if (match != other.end() && (!newer || match->second == id_hash(line))) return true;
        if (seen++ < *skip) return true;
        if (out.items.size() == most) {
          out.next_cursor = fmt::format("{}", seen - 1);
          return false;
        }
        CaseChange change;
        change.op = !newer                 ? CaseChangeOp::kRemoved
                    : match == other.end() ? CaseChangeOp::kAdded
                                           : CaseChangeOp::kChanged;
        (newer ? change.after : change.before) = line;
        out.items.push_back(std::move(change));
        return true;
      });
      if (!out.next_cursor.empty()) return false;
    }
    return true;
  };
  SLIPWAY_ASSIGN(const bool room, collect(after, old_lines, true));
  if (room) SLIPWAY_TRY(collect(before, new_lines, false));
  std::unordered_map<std::string, CaseChange*> changed;
  for (CaseChange& change : out.items) {
    SLIPWAY_ASSIGN(const Case one, read_case(change.after.empty() ? change.before : change.after));
    change.id = one.id;
    if (change.op == CaseChangeOp::kChanged) changed.emplace(one.id, &change);
  }
  SLIPWAY_TRY(fill_before(before, common, changed));
  return out;
}

}  // namespace slipway::catalog
