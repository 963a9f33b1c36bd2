// SPDX-License-Identifier: Apache-2.0
// Where the cases of datasets are kept: in compressed chunks found by their digest, shared between versions
// and between datasets. A set of cases is written by streaming, never changed afterwards, and goes by itself
// when no version of a dataset came to use it. Everything here blocks on the database: call it from
// rt::BlockingPool. Thread-safe; a CaseWriter and a CaseWalk belong to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "catalog/case.h"
#include "catalog/case_cutter.h"
#include "store/database.h"

namespace slipway::catalog {

// What a dataset's content has of a set of cases: count, cases_digest, splits.
json::object cases_content(const CaseSummary& summary);

// The same of cases that stand in a content themselves.
Result<CaseSummary> summarize_inside(const json::array& cases, const CaseLimits& limits);

struct ChunkPlace {
  std::string digest;
  std::int64_t first = 0;  // number of its first case, from 0
  std::int64_t cases = 0;
};

// Goes through the cases of a dataset's content, wherever they are, chunk by chunk; memory stays flat.
class CaseWalk {
 public:
  // Nothing at the end. kDataLoss for a chunk that is not what was stored.
  Result<std::optional<CaseChunk>> next();
  // Goes on with the chunk that has this case.
  void seek(std::int64_t number);
  [[nodiscard]] std::int64_t count() const;
  [[nodiscard]] const std::vector<ChunkPlace>& places() const { return places_; }
  // Of the chunk that next() would give.
  [[nodiscard]] std::size_t at() const { return at_; }
  // Cases by split and by tag of that chunk, without unpacking it.
  Result<std::pair<Counts, Counts>> peek();
  void skip() { ++at_; }

 private:
  friend class CaseStore;
  store::Database* database_ = nullptr;
  std::vector<ChunkPlace> places_;
  std::vector<CaseChunk> inside_;  // of a content that has its cases inside
  std::size_t at_ = 0;
};

// Calls `visit` with each line of a chunk; false ends it.
void for_each_line(const CaseChunk& chunk, const std::function<bool(std::string_view line)>& visit);

class CaseWriter {
 public:
  ~CaseWriter();  // what was not finished is collected later
  CaseWriter(const CaseWriter&) = delete;
  CaseWriter& operator=(const CaseWriter&) = delete;
  // False for a case without a name that is there already and was left out. kInvalidArgument for a name that
  // is there already, and beyond the most cases a dataset may have.
  Result<bool> add(const Case& one);
  // A chunk of a stored set as it is; its ids must be new.
  Result<> add_chunk(CaseChunk chunk, bool last);
  // On disk when this returns.
  Result<CaseSummary> finish();
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(ids_.size()); }

 private:
  friend class CaseStore;
  CaseWriter(store::Database& database, const CaseLimits& limits) : database_(database), limits_(limits) {}
  Result<> keep(CaseChunk chunk);
  Result<> write();
  Result<> check_count(std::size_t more) const;
  store::Database& database_;
  const CaseLimits& limits_;
  CaseCutter cutter_;
  IdSet ids_;
  std::vector<CaseChunk> waiting_;  // for the next transaction
  std::size_t waiting_bytes_ = 0;
  std::int64_t set_ = 0;  // 0: no row yet
  std::int64_t number_ = 0;
  std::int64_t first_ = 0;
};

struct CaseFilter {
  std::string tag = {};
  std::string split = {};
  std::string text = {};  // somewhere in the case, without regard to ASCII case
};

struct CasePage {
  std::vector<std::pair<std::int64_t, std::string>> items;  // number from 0, line
  std::string next_cursor;  // empty at the end. The work for a page is bounded: it may be short or empty
  std::int64_t total = 0;   // cases of the dataset, whatever the filter
};

// Changes to a set of cases.
struct CaseEdits {
  std::vector<Case> add;            // put at the end; kConflict if one is there
  std::vector<Case> replace;        // kNotFound if one is not there
  std::vector<std::string> remove;  // ids; kNotFound if one is not there
};

enum class CaseChangeOp : std::uint8_t { kAdded, kRemoved, kChanged };
std::string_view to_string(CaseChangeOp op);

struct CaseChange {
  CaseChangeOp op = CaseChangeOp::kAdded;
  std::string id;
  std::string before;  // lines; empty where there is none
  std::string after;
};

struct CaseDiff {
  std::int64_t added = 0;
  std::int64_t removed = 0;
  std::int64_t changed = 0;
  std::int64_t unchanged = 0;
  std::vector<CaseChange> items;  // one page: what is new or changed in its order, then what is gone
  std::string next_cursor;
};

struct CollectedCases {
  std::int64_t sets = 0;
  std::int64_t chunks = 0;
};

class CaseStore {
 public:
  explicit CaseStore(store::Database& database, CaseLimits limits = {})
      : database_(database), limits_(limits) {}

  // A new set; nothing of it is seen before finish().
  std::unique_ptr<CaseWriter> begin();
  // kNotFound.
  Result<CaseSummary> find(std::string_view digest);
  // The cases of a dataset's content: its own, or those of its cases_digest.
  Result<CaseWalk> walk(const json::object& content);
  Result<CasePage> page(const json::object& content, const CaseFilter& filter, std::string_view cursor,
                        std::uint32_t limit);
  // The line. kNotFound.
  Result<std::string> get(const json::object& content, std::string_view id);
  // Which of these ids there are.
  Result<std::vector<std::string>> known(const json::object& content, const std::vector<std::string>& ids);
  // A new set made of an old one. What is far from a change is neither read closely nor stored again.
  Result<CaseSummary> edit(const json::object& content, CaseEdits edits);
  // A new set of what `change` makes of each case; it leaves out those for which it returns false.
  Result<CaseSummary> rewrite(const json::object& content,
                              const std::function<Result<bool>(json::object& fields)>& change);
  Result<CaseDiff> diff(const json::object& from, const json::object& to, std::string_view cursor,
                        std::uint32_t limit);
  // Removes sets that were begun or finished before `older_than_us` and that no dataset uses, and chunks that
  // are in no set.
  Result<CollectedCases> collect(std::int64_t older_than_us);

  [[nodiscard]] const CaseLimits& limits() const { return limits_; }

 private:
  store::Database& database_;
  CaseLimits limits_;
};

// For a push: says that a version uses the set, so that it stays. nullopt if there is no such set.
std::optional<CaseSummary> use_case_set(soci::session& sql, const std::string& digest, bool keep);

}  // namespace slipway::catalog
