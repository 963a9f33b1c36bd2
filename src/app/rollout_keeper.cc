// SPDX-License-Identifier: Apache-2.0
#include "app/rollout_keeper.h"

#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"

namespace slipway::app {

namespace {

constexpr std::chrono::milliseconds kInterval{1'000};

std::string new_instance() {
  UuidGenerator ids;
  return ids.next().to_string();
}

}  // namespace

RolloutKeeper::RolloutKeeper(store::Database& database, governance::DeploymentStore& deployments,
                             governance::RolloutPorts ports, std::function<Result<>()> publish, Logger log)
    : controller_(database, deployments, std::move(ports), new_instance()),
      publish_(std::move(publish)),
      log_(std::move(log)),
      repeater_(kInterval, [this] { look(); }) {}

void RolloutKeeper::look() {
  const auto moves = controller_.look(unix_now_us());
  if (!moves) {
    note_trouble(fail(moves.error()));
    return;
  }
  for (const governance::RolloutMove& move : *moves) {
    // A rollback by itself is what somebody will be asked about.
    const auto say = move.action == "abort" ? &Logger::warning : &Logger::info;
    (log_.*say)("rollout.moved", {{"use_case", move.use_case},
                                  {"environment", move.environment},
                                  {"action", move.action},
                                  {"why", move.why}});
  }
  unpublished_ = unpublished_ || !moves->empty();
  Result<> published;
  if (unpublished_) published = publish_();
  if (published) unpublished_ = false;
  note_trouble(published);
}

void RolloutKeeper::note_trouble(const Result<>& result) {
  std::string now = result ? std::string() : result.error().describe();
  if (now == trouble_) return;
  if (!now.empty()) log_.warning("rollout.not_looked_at", {{"error", now}});
  trouble_ = std::move(now);
}

}  // namespace slipway::app
