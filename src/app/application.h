// SPDX-License-Identifier: Apache-2.0
// The whole server: built in start(), taken down in reverse order by stop().
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/oidc.h"
#include "api/services.h"
#include "app/anchor_keeper.h"
#include "app/change_watcher.h"
#include "app/data_directory.h"
#include "app/loop_stack.h"
#include "app/publisher.h"
#include "app/repeater.h"
#include "app/rollout_keeper.h"
#include "app/snapshot_builder.h"
#include "evaluation/runs/services.h"
#include "llm/simulated.h"
#include "rt/watchdog.h"
#include "store/database.h"

namespace slipway::app {

inline constexpr std::string_view kStoreFile = "slipway.db";  // in data_dir, without store.url

// What a first start leaves for a person to begin with; empty on later starts.
struct Welcome {
  std::string api_key;  // a key made because there was none
  std::string sign_in_token;
};

// Brings the tables of every room up to date.
Result<> migrate_rooms(store::Database& database);

class Application {
 public:
  // Builds everything and begins to serve. Errors say which setting or file is at fault.
  static Result<std::unique_ptr<Application>> start(Config config, Logger log);
  ~Application();  // stop()
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Stops accepting, drains, flushes, closes. Loses nothing that was answered.
  void stop();

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] std::string url() const;  // http://127.0.0.1:8080
  [[nodiscard]] const Welcome& welcome() const { return welcome_; }
  [[nodiscard]] bool simulated_only() const { return services_->simulated_only; }
  [[nodiscard]] std::uint16_t port() const { return loops_.front()->port(); }
  [[nodiscard]] telemetry::TelemetryStore& telemetry() { return *telemetry_; }
  [[nodiscard]] telemetry::TelemetryQuery& query() { return *query_; }

 private:
  Application(Config config, Logger log) : config_(std::move(config)), log_(std::move(log)) {}
  Result<> open_stores();
  Result<> open_registry();  // use cases, reviews, policies and keys
  Result<> open_people();
  Result<> start_simulated();
  Result<> first_start();
  Result<> start_loops();
  void register_metrics();
  Result<std::shared_ptr<const gateway::Snapshot>> build_snapshot();
  Result<> republish();
  void drop_snapshots();  // with republish_mutex_
  void open_releases();
  void start_rollouts();
  void keep_house();      // the housekeeping thread
  void collect_unused();  // uploads and cases that nobody came to use
  void open_datasets();
  void open_runs();
  void start_runs();

  Config config_;
  Logger log_;
  Welcome welcome_;
  std::unique_ptr<DataDirectory> data_directory_;

  std::unique_ptr<store::Database> database_;
  std::unique_ptr<governance::PrincipalStore> principals_;
  std::unique_ptr<governance::Questionnaire> questionnaire_;
  std::unique_ptr<governance::AuditLog> audit_;
  std::unique_ptr<AnchorKeeper> anchors_;
  std::unique_ptr<api::Oidc> oidc_;
  std::unique_ptr<governance::UseCaseStore> use_cases_;
  std::unique_ptr<governance::ReviewStore> reviews_;
  std::unique_ptr<governance::PolicyStore> policies_;
  std::unique_ptr<governance::KeyStore> keys_;
  std::unique_ptr<catalog::AssetStore> assets_;
  std::unique_ptr<governance::ReleaseServices> releases_;
  std::unique_ptr<ReleaseLoader> loader_;
  std::unique_ptr<catalog::CaseStore> cases_;
  std::unique_ptr<catalog::DatasetStore> datasets_;
  std::unique_ptr<catalog::UploadStore> uploads_;
  evaluation::ReleasePorts run_releases_;
  std::unique_ptr<evaluation::RunStore> runs_;
  std::unique_ptr<evaluation::RunServices> run_services_;
  std::unique_ptr<governance::Gates> gates_;
  std::unique_ptr<telemetry::Spool> spool_;
  std::unique_ptr<telemetry::TelemetryStore> telemetry_;
  std::unique_ptr<telemetry::TelemetryQuery> query_;
  std::unique_ptr<telemetry::Metrics> metrics_;
  std::unique_ptr<rt::BlockingPool> pool_;
  std::unique_ptr<rt::BlockingPool> resolver_;
  std::unique_ptr<telemetry::FeedbackStore> feedback_;
  std::unique_ptr<SnapshotBuilder> snapshots_;
  std::unique_ptr<rt::Watchdog> watchdog_;
  std::unique_ptr<rt::Loop> simulated_loop_;
  std::unique_ptr<llm::SimulatedProvider> simulated_;
  std::unique_ptr<net::Server> simulated_server_;
  std::unique_ptr<api::Services> services_;
  std::vector<std::unique_ptr<LoopStack>> loops_;

  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<evaluation::RunEngine> engine_;
  std::unique_ptr<Repeater> run_keeper_;
  std::unique_ptr<Repeater> gate_keeper_;
  std::unique_ptr<RolloutKeeper> rollouts_;
  std::unique_ptr<ChangeWatcher> watcher_;  // only with a shared database

  std::mutex republish_mutex_;
  std::vector<std::shared_ptr<const gateway::Snapshot>> published_;  // the newest, and those still in use
  std::atomic<std::int64_t> snapshot_changes_{
      -1};  // store::Database::changes() that the newest snapshot holds
  std::atomic<bool> stopping_{false};
  std::int64_t next_collection_us_ = 0;  // housekeeping thread
  std::mutex housekeeping_mutex_;
  std::condition_variable housekeeping_wake_;
  std::thread housekeeper_;
};

}  // namespace slipway::app
