// SPDX-License-Identifier: Apache-2.0
#include "api/services.h"

namespace slipway::api {

namespace {

// Addresses remembered in one minute; when there are more, guessing is spread so wide that all have to wait.
constexpr std::size_t kAddressesLimit = 10'000;

}  // namespace

void SignInGuard::roll(std::int64_t now_us) {
  const std::int64_t minute = now_us / 60'000'000;
  if (minute != minute_) failures_.clear();
  minute_ = minute;
}

bool SignInGuard::may_try(const std::string& address, std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  roll(now_us);
  if (failures_.size() >= kAddressesLimit) return false;
  const auto found = failures_.find(address);
  return found == failures_.end() || found->second < limit_;
}

void SignInGuard::failed(const std::string& address, std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  roll(now_us);
  ++failures_[address];
}

}  // namespace slipway::api
