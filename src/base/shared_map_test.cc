// SPDX-License-Identifier: Apache-2.0
#include "base/shared_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace slipway {
namespace {

using Map = SharedMap<std::string, int>;

std::map<std::string, int> entries(const Map& map) {
  std::map<std::string, int> all;
  map.for_each([&](const std::string& key, int value) { all.emplace(key, value); });
  return all;
}

TEST(SharedMap, AnEmptyOneHasNothing) {
  const Map map;
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.find(std::string("a")), nullptr);
  EXPECT_TRUE(entries(map).empty());
  Map::Edit edit(map);
  edit.erase(std::string("a"));
  EXPECT_TRUE(std::move(edit).done().empty());
}

TEST(SharedMap, AnEditLeavesTheMapBeforeAsItWas) {
  Map::Edit first{Map()};
  first.put("a", 1);
  first.put("b", 2);
  const Map before = std::move(first).done();
  const int* const b = before.find(std::string("b"));
  Map::Edit second(before);
  second.put("a", 3);
  second.erase(std::string("b"));
  second.put("c", 4);
  const Map after = std::move(second).done();
  EXPECT_EQ(entries(before), (std::map<std::string, int>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(entries(after), (std::map<std::string, int>{{"a", 3}, {"c", 4}}));
  EXPECT_EQ(before.find(std::string("b")), b);
  EXPECT_EQ(before.size(), 2u);
  EXPECT_EQ(after.size(), 2u);
}

TEST(SharedMap, WhatDidNotChangeIsShared) {
  Map::Edit first{Map()};
  for (int i = 0; i < 10'000; ++i) first.put(std::to_string(i), i);
  const Map before = std::move(first).done();
  Map::Edit second(before);
  second.put("17", -1);
  const Map after = std::move(second).done();
  int shared = 0;
  for (int i = 0; i < 10'000; ++i)
    shared += before.find(std::to_string(i)) == after.find(std::to_string(i)) ? 1 : 0;
  EXPECT_GT(shared, 9'800) << "only the shard of one key was copied";
  EXPECT_LT(shared, 10'000);
  EXPECT_EQ(*after.find(std::string("17")), -1);
  EXPECT_EQ(*before.find(std::string("17")), 17);
}

RC_GTEST_PROP(SharedMap, DoesWhatAnOrdinaryMapDoes,
              (const std::vector<std::vector<std::pair<std::uint8_t, int>>>& edits)) {
  Map map;
  std::map<std::string, int> model;
  for (const auto& changes : edits) {
    Map::Edit edit(map);
    for (const auto& [number, value] : changes) {
      const std::string key = std::to_string(number);
      if (value % 3 == 0) {
        edit.erase(key);
        model.erase(key);
      } else {
        edit.put(key, value);
        model[key] = value;
      }
    }
    map = std::move(edit).done();
    RC_ASSERT(map.size() == model.size());
    RC_ASSERT(entries(map) == model);
  }
}

}  // namespace
}  // namespace slipway
