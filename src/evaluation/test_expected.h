// SPDX-License-Identifier: Apache-2.0
// What other packages say of the same inputs: tests/data/evaluation/make_expected.py wrote it. For tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace slipway::evaluation {

// The list `key` of tests/data/evaluation/`file`.json.
inline json::array expected(std::string_view file, std::string_view key) {
  std::ifstream in(std::string(SLIPWAY_SOURCE_DIR "/tests/data/evaluation/") + std::string(file) + ".json");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object() || !parsed->as_object().contains(key)) {
    ADD_FAILURE() << "no " << key << " in " << file << ".json";
    return {};
  }
  return parsed->as_object().at(key).as_array();
}

inline double number(const json::value& value) { return value.to_number<double>(); }
inline double number(const json::value& object, std::string_view key) {
  return number(object.as_object().at(key));
}
inline std::size_t count(const json::value& object, std::string_view key) {
  return object.as_object().at(key).to_number<std::size_t>();
}
inline const json::array& list(const json::value& object, std::string_view key) {
  return object.as_object().at(key).as_array();
}
template <class T = double>
std::vector<T> numbers(const json::array& values) {
  std::vector<T> out;
  for (const json::value& value : values) out.push_back(value.to_number<T>());
  return out;
}
template <class T = double>
std::vector<T> numbers(const json::value& object, std::string_view key) {
  return numbers<T>(list(object, key));
}
inline std::string text(const json::value& object, std::string_view key) {
  return std::string(object.as_object().at(key).as_string());
}

// Equal up to 1e-9 of the greater one, or 1e-12 for what is nearly zero.
inline ::testing::AssertionResult is_near(double ours, double theirs, double relative = 1e-9) {
  const double slack = std::max(1e-12, relative * std::max(std::abs(ours), std::abs(theirs)));
  if (std::abs(ours - theirs) <= slack) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << ours << " instead of " << theirs;
}

}  // namespace slipway::evaluation
