// SPDX-License-Identifier: Apache-2.0
#include "gateway/authenticate.h"

#include <cassert>

#include "base/text.h"
#include "gateway/call.h"

namespace slipway::gateway {

namespace {

std::string_view presented_secret(const net::HeaderView& headers) {
  if (const std::string_view value = headers.find("authorization"); !value.empty()) {
    const std::size_t space = value.find(' ');
    if (space == std::string_view::npos || !iequals(value.substr(0, space), "bearer")) return {};
    return trim(value.substr(space + 1));
  }
  if (const std::string_view value = headers.find("x-api-key"); !value.empty()) return trim(value);
  return trim(headers.find("api-key"));
}

}  // namespace

Caller find_caller(const Snapshot& snapshot, const net::HeaderView& headers, std::int64_t now_us) {
  const std::string_view secret = presented_secret(headers);
  if (secret.empty())
    return {nullptr, nullptr,
            unauthenticated("missing_api_key",
                            "No API key was sent. Send 'Authorization: Bearer <key>'; create a key "
                            "with 'slipway key create' or on the console's Keys page.")};
  // The digest is what is stored, so looking it up tells nothing about secrets by its timing.
  const std::shared_ptr<const Key>* const found = snapshot.keys.find(sha256(secret));
  const Environment* const environment =
      found == nullptr ? nullptr : snapshot.environment((*found)->environment);
  if (environment == nullptr)
    return {nullptr, nullptr,
            unauthenticated("invalid_api_key",
                            "This API key is not known here, or was revoked. Check it, or create a "
                            "new one on the console's Keys page.")};
  const std::shared_ptr<const Key>& key = *found;
  if (key->expires_at_us != 0 && key->expires_at_us <= now_us)
    return {nullptr, nullptr,
            unauthenticated("expired_api_key",
                            "This API key expired on " + format_time_us(key->expires_at_us) +
                                ". Rotate it or create a new one on the console's Keys page.")};
  key->use->last_used_us.store(now_us, std::memory_order_relaxed);
  return {key, environment, std::nullopt};
}

std::optional<Refusal> authenticate(Call& call) {
  if (call.key != nullptr) {  // a signed-in person
    call.environment = call.snapshot->environment(call.key->environment);
    assert(call.environment != nullptr);
    return std::nullopt;
  }
  Caller caller = find_caller(*call.snapshot, call.exchange.headers(), call.started_us);
  call.key = std::move(caller.key);
  call.environment = caller.environment;
  return std::move(caller.refusal);
}

}  // namespace slipway::gateway
