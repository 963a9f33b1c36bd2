// SPDX-License-Identifier: Apache-2.0
// What is empty or nought where nothing is known becomes JSON's null.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/text.h"

namespace slipway::api {

inline json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

// RFC 3339.
inline json::value time_or_null(std::int64_t us) {
  return us == 0 ? json::value(nullptr) : json::value(format_time_us(us));
}

inline json::value number_or_null(std::int64_t number) {
  return number == 0 ? json::value(nullptr) : json::value(number);
}

}  // namespace slipway::api
