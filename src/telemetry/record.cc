// SPDX-License-Identifier: Apache-2.0
#include "telemetry/record.h"

namespace slipway::telemetry {

namespace {
constexpr std::string_view kStatusNames[kStatusCount] = {
    "ok", "client_error", "limited", "upstream_error", "interrupted", "blocked", "internal_error"};
}

std::string_view to_string(Status status) {
  const auto index = static_cast<std::size_t>(status);
  return index < kStatusCount ? kStatusNames[index] : "internal_error";
}

std::optional<Status> parse_status(std::string_view text) {
  for (std::size_t i = 0; i < kStatusCount; ++i) {
    if (kStatusNames[i] == text) return static_cast<Status>(i);
  }
  return std::nullopt;
}

}  // namespace slipway::telemetry
