// SPDX-License-Identifier: Apache-2.0
// Runs and their results on disk. A run belongs to the node that holds its lease; results are stored only by
// the holder. Everything here blocks on the database: call it from rt::BlockingPool. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/asset_store.h"
#include "evaluation/runs/item_set.h"
#include "evaluation/runs/ports.h"
#include "evaluation/runs/run.h"
#include "store/database.h"

namespace slipway::evaluation {

// A change for the audit log.
struct RunEvent {
  std::string action;  // "run.start", "run.cancel", "run.resume", "run.end"
  std::string run;
  std::string use_case;
  std::string environment;
  json::object detail;
};
// Writes an audit entry within the change's transaction.
using RunRecorder = std::function<Result<>(soci::session&, const catalog::Author&, const RunEvent&)>;

struct RunFilter {
  std::string use_case = {};
  std::string evaluation = {};
  std::string environment = {};
  std::optional<RunState> state = {};
  std::optional<std::vector<std::string>> visible_use_cases = {};  // none but these, if given
  std::string cursor = {};
  std::uint32_t limit = 100;
};

struct RunPage {
  std::vector<Run> items;   // newest first; without definitions
  std::string next_cursor;  // empty at the end
};

// Where results lie.
struct ResultPlace {
  std::int64_t seq = 0;
  std::uint64_t first_item = 0;
  std::uint64_t last_item = 0;
  std::int64_t items = 0;
  std::int64_t errors = 0;
  std::int64_t failed = 0;
};

// What an executor begins with.
struct StoredItems {
  ItemSet done;
  RunTally tally;
};

struct RunEnding {
  RunState state = RunState::kFinished;
  RunOutcome outcome = RunOutcome::kComplete;
  std::string reason;
  RunTally tally;
  std::int64_t at_us = 0;
};

class RunStore {
 public:
  // A lease not renewed for `lease_us` is another node's to take.
  RunStore(store::Database& database, RunRecorder record, std::int64_t lease_us = 30'000'000)
      : database_(database), record_(std::move(record)), lease_us_(lease_us) {}

  // Queues it; gives it its id and time.
  Result<Run> create(Run run, const catalog::Author& author);
  Result<Run> get(std::string_view id);  // kNotFound
  Result<RunPage> list(const RunFilter& filter);
  // Of runs that have not ended; on whichever node one is.
  Result<Run> cancel(std::string_view id, const catalog::Author& author);
  // Queues an ended run again for what is missing, and for what were errors. kConflict where nothing is, or
  // where it has not ended.
  Result<Run> resume(std::string_view id, const catalog::Author& author);

  // ---- for the node that executes

  // The oldest run that nobody executes; null if there is none. It is `owner`'s from then on.
  Result<std::optional<Run>> claim(const std::string& owner, std::int64_t now_us);
  // Gives up what owners whose name begins with `node` held: they are not any more.
  Result<> release_node(const std::string& node);
  // Not executed any more, and not ended: somebody goes on at once.
  Result<> release(const std::string& id, const std::string& owner);
  // Stores a batch (may be empty), the tally and the sign of life in one transaction. kConflict if `owner`
  // has lost the run.
  Result<SinkAnswer> store(const std::string& id, const std::string& owner, const ResultBatch& batch,
                           const RunTally& tally, std::int64_t now_us);
  // Ends the run and makes its digest. kConflict as above.
  Result<> end(const Run& run, const std::string& owner, const RunEnding& ending);
  Result<StoredItems> stored_items(const Run& run, const RunShape& shape);

  // ---- results

  Result<std::vector<ResultPlace>> places(std::string_view id);
  // The lines of one place. kDataLoss.
  Result<std::string> lines(std::string_view id, std::int64_t seq);

 private:
  store::Database& database_;
  RunRecorder record_;
  std::int64_t lease_us_;
};

}  // namespace slipway::evaluation
