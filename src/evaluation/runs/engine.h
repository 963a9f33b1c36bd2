// SPDX-License-Identifier: Apache-2.0
// Executes runs on this node: takes those that nobody executes, carries them out beside each other, and lets
// go of them when the server stops. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "catalog/dataset_store.h"
#include "catalog/upload_store.h"
#include "evaluation/runs/executor.h"
#include "evaluation/runs/http_target.h"
#include "evaluation/runs/metric_scorer.h"
#include "evaluation/runs/plan.h"
#include "evaluation/runs/run_store.h"
#include "evaluation/runs/targets.h"
#include "gateway/gateway.h"
#include "rt/blocking_pool.h"

namespace slipway::evaluation {

// Scores answers as a definition's `metrics` say; kInvalidArgument says what is wrong with them. `cells` may
// be empty where nothing is scored yet.
using AnswerScorerFactory = std::function<Result<std::unique_ptr<AnswerScorer>>(
    const json::object& definition, const std::vector<CellTraits>& cells, RunJudges judges)>;

struct EngineLimits {
  std::uint32_t runs = 4;            // at once; more wait
  std::uint32_t workers = 2;         // threads that score and store
  std::uint32_t judges = 32;         // threads of each run that wait for its judges
  std::uint32_t max_concurrent = 0;  // calls in flight of one run, as of one key; 0: no limit of its own
  ExecutorLimits executor = {};
  std::vector<std::string> private_hosts;  // that HTTP targets may reach on private addresses
  net::ClientClocks http_clocks = {};
  std::size_t http_answer_bytes = 8u << 20;
};

struct EngineParts {
  RunStore& store;
  catalog::AssetStore& assets;
  catalog::DatasetStore& datasets;
  catalog::UploadStore& uploads;
  std::vector<gateway::Gateway*> gateways;  // one a loop
  ReleasePorts releases;
  AnswerScorerFactory make_scorer;
  std::function<bool(const std::string& environment)> keeps_texts;  // its capture policy keeps bodies
  std::string node;  // the same for each start of this server on its data directory
  Logger log;
};

class RunEngine {
 public:
  // Takes up at the next look() what an earlier start of this node left unfinished.
  RunEngine(EngineParts parts, EngineLimits limits);
  ~RunEngine();  // stop()
  RunEngine(const RunEngine&) = delete;
  RunEngine& operator=(const RunEngine&) = delete;

  // Starts runs that wait, as far as there is room. Blocks on the database; called about once a second, and
  // when something was queued.
  void look();
  // Ends a run that is executed here at once; elsewhere the store's flag does. Any thread.
  void cancel(const std::string& run);
  // Of a run that is executed here.
  [[nodiscard]] std::optional<RunProgress> progress(const std::string& run) const;
  // Starts nothing more, gives calls under way their time, stores what was answered, lets go. The loops must
  // still run.
  void stop();

 private:
  struct Prepared {
    std::unique_ptr<Caller> caller;
    std::unique_ptr<CaseFeed> feed;
    std::unique_ptr<Budget> budget;
    std::unique_ptr<AnswerScorer> scorer;
    StoredItems stored;
  };
  void drive(const Run& run);
  Result<Prepared> prepare(const Run& run);
  Result<RunJudges> make_judges(const Run& run, Budget& budget);
  Result<std::unique_ptr<Caller>> make_caller(const Run& run, std::vector<CellTraits>& traits);
  void execute(const Run& run, Prepared prepared);
  void finish(const Run& run, const RunEnd& end);

  EngineParts parts_;
  EngineLimits limits_;
  std::string owner_;
  std::mutex look_mutex_;
  mutable std::mutex mutex_;
  std::map<std::string, Executor*> executing_;  // by run; null while it is prepared
  bool stopping_ = false;
  bool node_released_ = false;
  std::string trouble_;  // said once
  std::unique_ptr<rt::BlockingPool> workers_;
  std::unique_ptr<rt::BlockingPool> drivers_;  // the last member: it ends first
};

}  // namespace slipway::evaluation
