// SPDX-License-Identifier: Apache-2.0
// What the handlers may use. Everything outlives the servers; members say their own thread rules.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/log.h"
#include "catalog/asset_store.h"
#include "catalog/dataset_store.h"
#include "catalog/upload_store.h"
#include "evaluation/runs/services.h"
#include "gateway/gateway.h"
#include "governance/audit_log.h"
#include "governance/gates.h"
#include "governance/keys.h"
#include "governance/policies.h"
#include "governance/principals.h"
#include "governance/release_services.h"
#include "governance/reviews.h"
#include "governance/use_cases.h"
#include "rt/blocking_pool.h"
#include "telemetry/feedback.h"
#include "telemetry/metrics.h"
#include "telemetry/query.h"
#include "telemetry/spool.h"
#include "telemetry/store.h"

namespace slipway::api {

// One loop as /api/v1/status shows it.
struct LoopStatus {
  std::int64_t lag_us = 0;
  std::int64_t max_lag_us = 0;
  std::uint64_t connections = 0;
};

// Failed sign-ins of the present minute by client address: slows guessing down without locking others out.
class SignInGuard {
 public:
  explicit SignInGuard(std::uint32_t failures_per_minute) : limit_(failures_per_minute) {}
  [[nodiscard]] bool may_try(const std::string& address, std::int64_t now_us);
  void failed(const std::string& address, std::int64_t now_us);

 private:
  void roll(std::int64_t now_us);
  std::mutex mutex_;  // sign-in only, never on the path of a call
  std::uint32_t limit_;
  std::map<std::string, std::uint32_t> failures_;
  std::int64_t minute_ = 0;
};

class Oidc;

struct Services {
  const Config& config;
  governance::PrincipalStore& principals;
  governance::UseCaseStore& use_cases;
  governance::ReviewStore& reviews;
  governance::PolicyStore& policies;
  governance::KeyStore& keys;
  catalog::AssetStore& assets;
  catalog::DatasetStore& datasets;
  catalog::UploadStore& uploads;
  governance::AuditLog& audit;
  std::string anchors_file;
  Oidc* oidc = nullptr;  // null: no identity provider
  governance::ReleaseServices& releases;
  telemetry::Spool& spool;
  telemetry::TelemetryStore& telemetry;
  telemetry::TelemetryQuery& query;
  telemetry::FeedbackStore& feedback;
  telemetry::Metrics& metrics;
  rt::BlockingPool& pool;
  Logger log;
  // Makes a new snapshot from the stores and publishes it to every loop; returns when all have it. Blocks.
  // An error means that what is stored is not in force yet; it is tried again until it is.
  std::function<Result<>()> republish;
  // When a key was last used as far as this node knows, which is later than the database; unix
  // microseconds, 0: not since it started. Any thread; may wait for a snapshot being built.
  std::function<std::int64_t(const std::string& key_id)> key_last_used;
  std::function<std::vector<LoopStatus>()> loops;  // any thread
  std::function<bool()> stopping;                  // any thread
  std::function<std::string()> store_trouble;      // why the shared database can't be read; any thread
  // What GET /approvals gathers, beside the reviews of use cases.
  std::vector<governance::PendingSource> pending_sources = {};
  SignInGuard sign_in_guard;
  std::shared_ptr<gateway::KeyUse> playground_use = std::make_shared<gateway::KeyUse>();
  std::atomic<std::uint32_t> exports_running{0};
  std::atomic<std::uint32_t> imports_running{0};
  std::atomic<bool> audit_verifying{false};
  std::int64_t started_us = 0;
  bool simulated_only = false;
  evaluation::RunServices& runs;
  governance::Gates& gates;
};

inline constexpr std::string_view kVersion = "0.1.0";
inline constexpr std::string_view kPlaygroundUseCase = "playground";

}  // namespace slipway::api
