// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

namespace slipway {

std::string json_text(const json::value& value) {
  if (const double* number = value.if_double()) return number_text(*number);
  std::string out;
  if (const json::object* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      out += out.empty() ? '{' : ',';
      append_json_string(out, key);
      out += ':' + json_text(member);
    }
    return out.empty() ? "{}" : out + '}';
  }
  if (const json::array* array = value.if_array()) {
    for (const json::value& item : *array) out += (out.empty() ? '[' : ',') + json_text(item);
    return out.empty() ? "[]" : out + ']';
  }
  return json::serialize(value);
}

}  // namespace slipway
