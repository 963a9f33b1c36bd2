// SPDX-License-Identifier: Apache-2.0
#include "app/change_watcher.h"

#include <chrono>
#include <utility>

namespace slipway::app {

namespace {

// A change reaches every node within this and the time a snapshot takes; DESIGN §9 promises a second.
constexpr std::chrono::milliseconds kInterval{250};

}  // namespace

ChangeWatcher::ChangeWatcher(store::Database& database, const std::atomic<std::int64_t>& published,
                             std::function<Result<>()> publish, Logger log)
    : database_(database),
      published_(published),
      publish_(std::move(publish)),
      log_(std::move(log)),
      repeater_(kInterval, [this] { look(); }) {}

std::string ChangeWatcher::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void ChangeWatcher::look() {
  const Result<std::int64_t> changes = database_.changes();
  if (!changes) {
    note_trouble(fail(changes.error()));
    return;
  }
  note_trouble(*changes == published_ ? Result<>{} : publish_());
}

void ChangeWatcher::note_trouble(const Result<>& result) {
  std::string now = result ? std::string() : result.error().describe();
  const std::lock_guard lock(mutex_);
  if (now == trouble_) return;
  if (now.empty())
    log_.info("store.reachable_again");
  else
    log_.warning("store.changes_not_seen", {{"error", now}});
  trouble_ = std::move(now);
}

}  // namespace slipway::app
