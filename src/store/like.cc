// SPDX-License-Identifier: Apache-2.0
#include "store/like.h"

namespace slipway::store {

std::string contains_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace slipway::store
