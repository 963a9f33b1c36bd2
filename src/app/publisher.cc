// SPDX-License-Identifier: Apache-2.0
#include "app/publisher.h"

#include <chrono>
#include <utility>

namespace slipway::app {

namespace {

constexpr std::chrono::milliseconds kRetry{250};

}  // namespace

Publisher::Publisher(std::function<Result<>()> work, Logger log)
    : publish_(std::move(work)), log_(std::move(log)) {
  repeater_ = std::make_unique<Repeater>(kRetry, [this] {
    if (waiting_) static_cast<void>(this->publish());  // told by the log
  });
}

Result<> Publisher::publish() {
  // One at a time: an older failure must not hide a newer success, nor the other way round.
  const std::lock_guard publishing(publishing_);
  Result<> published = publish_();
  waiting_ = !published;
  std::string now = published ? std::string() : published.error().describe();
  const std::lock_guard lock(trouble_mutex_);
  if (now != trouble_) {
    if (now.empty())
      log_.info("changes.published");
    else
      log_.warning("changes.not_published", {{"error", now}});
    trouble_ = std::move(now);
  }
  return published;
}

std::string Publisher::trouble() const {
  const std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

void Publisher::stop() { repeater_.reset(); }

}  // namespace slipway::app
