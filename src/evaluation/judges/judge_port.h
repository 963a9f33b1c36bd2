// SPDX-License-Identifier: Apache-2.0
// How a judge is asked. What carries the question is behind this port, so that judging can be tried without.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/judges/scale.h"
#include "gateway/release.h"

namespace slipway::evaluation {

// A prompt with the model that it goes to.
struct JudgeTarget {
  std::string name;  // for people and results: "support/model/careful:3"
  std::string pace;  // targets with the same one share a provider's patience: "connection/model"
  std::shared_ptr<const gateway::ServedRelease> prompt;
};

// What one metric's judges are.
struct JudgePanel {
  JudgeScale scale;
  std::vector<JudgeTarget> targets;
};

struct JudgeReply {
  std::string text;
  std::string invocation;  // id of the call
};

class JudgeDesk {
 public:
  virtual ~JudgeDesk() = default;
  // One call, an independent sample; waits for it, and for a provider that says "not now". Any thread.
  // kCancelled: the run ends, or has no money left; nothing is known of the answer. kUnavailable: the
  // provider failed, again and again. kPermissionDenied: it refuses.
  virtual Result<JudgeReply> ask(const JudgeTarget& target, const json::object& variables) = 0;
  // Ends what waits with kCancelled, soon. Any thread.
  virtual void cancel() = 0;
};

}  // namespace slipway::evaluation
