// SPDX-License-Identifier: Apache-2.0
// One way to write a JSON value (RFC 8785), so that the same content has the same digest anywhere.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace slipway::catalog {

// Keys in the order of their UTF-16 code units, numbers as ECMAScript writes them, no spaces. Numbers are
// IEEE doubles: integers beyond 2^53 lose digits, which validation refuses before anything is stored.
std::string canonical_json(const json::value& value);

// "sha256:" and 64 hexadecimal digits.
std::string digest_of(std::string_view canonical);

}  // namespace slipway::catalog
