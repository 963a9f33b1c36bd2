// SPDX-License-Identifier: Apache-2.0
// Asks the judges of one run: as many at once as their providers bear, patient with those that say "not now",
// within the run's budget. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "evaluation/judges/judge_port.h"
#include "evaluation/runs/budget.h"
#include "evaluation/runs/gateway_lanes.h"
#include "evaluation/runs/pace.h"

namespace slipway::evaluation {

// Times in milliseconds.
struct DeskSettings {
  std::string environment;
  std::string use_case;
  std::string run;                   // id: kept as the end user of each call
  std::uint32_t concurrency = 32;    // calls of one judge's model in flight
  std::uint32_t max_concurrent = 0;  // as of one key; 0: no limit of its own
  std::uint32_t attempts = 3;        // calls, while the provider is at fault
  std::int64_t retry_ms = 500;       // before the second; doubles
  std::int64_t retry_longest_ms = 30'000;
  std::int64_t pause_ms = 500;  // see PaceLimits
  std::int64_t pause_longest_ms = 60'000;
  std::int64_t patience_ms = 3'600'000;  // without any answer, only told to wait
};

class GatewayDesk final : public JudgeDesk {
 public:
  // `budget` outlives it.
  GatewayDesk(std::unique_ptr<CallLanes> lanes, DeskSettings settings, Budget& budget);
  Result<JudgeReply> ask(const JudgeTarget& target, const json::object& variables) override;
  void cancel() override;

 private:
  // One provider's model.
  struct Counter {
    explicit Counter(const PaceLimits& limits) : pace(limits) {}
    Pace pace;
    std::uint32_t in_flight = 0;
    std::int64_t refused_since_ms = 0;  // 0: it has answered since
  };
  Counter& counter_of(const std::string& name);  // under the lock
  // Waits for its turn; nullopt once the run ends. The epoch of its pace.
  std::optional<std::uint64_t> enter(Counter& counter);
  void leave(Counter& counter, std::uint64_t epoch, const CallOutcome& outcome);
  CallOutcome call(const JudgeTarget& target, const std::string& body);
  // False once the run ends.
  bool rest(std::int64_t milliseconds);

  std::unique_ptr<CallLanes> lanes_;
  const DeskSettings settings_;
  Budget& budget_;
  const std::shared_ptr<gateway::KeyUse> use_ = std::make_shared<gateway::KeyUse>();
  std::mutex mutex_;
  std::condition_variable wake_;
  bool cancelled_ = false;
  std::map<std::string, std::unique_ptr<Counter>> counters_;
};

}  // namespace slipway::evaluation
