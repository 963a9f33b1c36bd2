// SPDX-License-Identifier: Apache-2.0
// Brings stored changes into force. What could not be published when it was stored, because the store could
// not be read a moment later, is published as soon as it can be: nobody has to make another change first.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "app/repeater.h"
#include "base/log.h"
#include "base/result.h"

namespace slipway::app {

// Thread-safe. `work`, which publishes, must be callable until stop().
class Publisher {
 public:
  Publisher(std::function<Result<>()> work, Logger log);

  // An error means that the change is stored, not yet in force, and tried again by itself.
  Result<> publish();
  // Why changes wait; empty: none do.
  [[nodiscard]] std::string trouble() const;
  // Tries no more.
  void stop();

 private:
  std::function<Result<>()> publish_;
  Logger log_;
  std::mutex publishing_;
  std::atomic<bool> waiting_{false};
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  std::unique_ptr<Repeater> repeater_;
};

}  // namespace slipway::app
