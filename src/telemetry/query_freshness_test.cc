// SPDX-License-Identifier: Apache-2.0
// A read must not pin its connection to the past.
#include <gtest/gtest.h>

#include "telemetry/store_test_support.h"

namespace slipway::telemetry {
namespace {

using testing_support::OwnedRecord;
using testing_support::World;

OwnedRecord make_record(std::uint64_t number) {
  OwnedRecord record;
  record.number = number;
  record.started_us = unix_now_us();
  record.request_body = R"({"messages":[{"role":"user","content":"where is my refund"}]})";
  record.response_body = R"({"answer":"on its way"})";
  return record;
}

TEST(QueryFreshnessTest, ATextSearchDoesNotHideWhatComesLater) {
  World world;
  world.ingest({make_record(1)});
  InvocationFilters text;
  text.text = "nothing-holds-this-word";
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(world.query().list(text, "", 10));
  world.ingest({make_record(2)});
  for (int i = 0; i < 8; ++i) EXPECT_EQ(world.list_numbers({}).size(), 2u);
}

}  // namespace
}  // namespace slipway::telemetry
