// SPDX-License-Identifier: Apache-2.0
// Sees what other nodes write to the shared database and has a new snapshot made of it. A thread of its own;
// any thread may call it.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "app/repeater.h"
#include "base/log.h"
#include "base/result.h"
#include "store/database.h"

namespace slipway::app {

class ChangeWatcher {
 public:
  // `publish` makes and publishes a snapshot; it is called on the watcher's thread whenever
  // store::Database::changes() is not what `published` says the newest snapshot holds. Both outlive the
  // watcher.
  ChangeWatcher(store::Database& database, const std::atomic<std::int64_t>& published,
                std::function<Result<>()> publish, Logger log);

  // Why changes of other nodes are not seen at present; empty if they are.
  [[nodiscard]] std::string trouble() const;

 private:
  void look();
  void note_trouble(const Result<>& result);

  store::Database& database_;
  const std::atomic<std::int64_t>& published_;
  std::function<Result<>()> publish_;
  Logger log_;
  mutable std::mutex mutex_;
  std::string trouble_;
  Repeater repeater_;  // the last member: it ends first
};

}  // namespace slipway::app
