// SPDX-License-Identifier: Apache-2.0
// Roll-ups against sums over the records themselves, and the sketch against exact quantiles.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>

#include "telemetry/json.h"
#include "telemetry/sketch.h"
#include "telemetry/store_test_support.h"

namespace slipway::telemetry {
namespace {

using testing_support::kTestDay;
using testing_support::kTestHour;
using testing_support::kTestMinute;
using testing_support::OwnedRecord;
using testing_support::recent_midnight_us;
using testing_support::World;

TEST(SketchTest, BucketsCoverEverythingInOrder) {
  std::size_t before = 0;
  for (std::uint64_t value = 0; value < 100'000; ++value) {
    const std::size_t bucket = sketch::bucket_of(value);
    ASSERT_TRUE(bucket == before || bucket == before + 1) << value;
    before = bucket;
  }
  EXPECT_EQ(sketch::bucket_of(~0ull), sketch::kBuckets - 1);
}

RC_GTEST_PROP(SketchTest, QuantilesAreWithinTwoPercent, ()) {
  const auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint64_t>>(rc::gen::oneOf(
      rc::gen::inRange<std::uint64_t>(0, 200), rc::gen::inRange<std::uint64_t>(0, 100'000'000))));
  Sketch a;
  Sketch b;
  for (std::size_t i = 0; i < values.size(); ++i) (i % 2 == 0 ? a : b).add(values[i]);
  Sketch merged;
  RC_ASSERT(merged.merge_blob(a.blob()));
  merged.merge(b);
  SketchSum sum;
  RC_ASSERT(sum.add_blob(merged.blob()));
  RC_ASSERT(sum.count() == values.size());
  std::vector<std::uint64_t> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  for (const double q : {0.0, 0.5, 0.95, 0.99, 1.0}) {
    const auto rank =
        std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size()))));
    const auto exact = static_cast<double>(sorted[rank - 1]);
    const auto told = static_cast<double>(sum.quantile(q));
    RC_ASSERT(std::abs(told - exact) <= 0.02 * exact);
  }
}

TEST(SketchTest, RefusesDamagedBlobs) {
  SketchSum sum;
  EXPECT_FALSE(sum.add_blob("\xff"));
  EXPECT_FALSE(sum.add_blob("\xff\xff\x7f\x01"));
  EXPECT_EQ(sum.quantile(0.5), -1);
}

struct Exact {
  std::uint64_t requests = 0, input = 0, output = 0, cache_read = 0, unknown_cost = 0, duration_sum = 0;
  NanoUsd cost = 0;
  std::map<Status, std::uint64_t> by_status;
  std::vector<std::int64_t> durations;
  void add(const OwnedRecord& r) {
    ++requests;
    ++by_status[r.status];
    input += static_cast<std::uint64_t>(std::max<std::int64_t>(r.usage.input, 0));
    output += static_cast<std::uint64_t>(std::max<std::int64_t>(r.usage.output, 0));
    cache_read += static_cast<std::uint64_t>(std::max<std::int64_t>(r.usage.cache_read, 0));
    if (r.cost_nano < 0)
      ++unknown_cost;
    else
      cost += r.cost_nano;
    duration_sum += static_cast<std::uint64_t>(r.duration_us);
    durations.push_back(r.duration_us);
  }
};

void expect_same(const OverviewFigures& told, Exact exact, bool percentiles, const std::string& what) {
  EXPECT_EQ(told.requests, exact.requests) << what;
  EXPECT_EQ(told.input_tokens, exact.input) << what;
  EXPECT_EQ(told.output_tokens, exact.output) << what;
  EXPECT_EQ(told.cache_read_tokens, exact.cache_read) << what;
  EXPECT_EQ(told.cost_nano, exact.cost) << what;
  EXPECT_EQ(told.unknown_cost, exact.unknown_cost) << what;
  EXPECT_EQ(told.duration_sum_us, exact.duration_sum) << what;
  for (int i = 0; i < kStatusCount; ++i)
    EXPECT_EQ(told.by_status[i], exact.by_status[static_cast<Status>(i)]) << what;
  if (!percentiles) return;
  if (exact.durations.empty()) {
    EXPECT_EQ(told.duration.p50_us, -1) << what;
    return;
  }
  std::sort(exact.durations.begin(), exact.durations.end());
  const auto rank = static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(exact.durations.size())));
  const auto p95 = static_cast<double>(exact.durations[std::max<std::size_t>(rank, 1) - 1]);
  EXPECT_NEAR(static_cast<double>(told.duration.p95_us), p95, 0.02 * p95) << what;
}

std::string value_of(const OwnedRecord& r, Dimension dimension) {
  switch (dimension) {
    case Dimension::kUseCase: return r.use_case;
    case Dimension::kEnvironment: return r.environment;
    case Dimension::kKey: return r.key_id;
    case Dimension::kProvider: return r.provider;
    case Dimension::kModel: return r.model;
    case Dimension::kStatus: return std::string(to_string(r.status));
    case Dimension::kRelease: return r.release;
    case Dimension::kNone: break;
  }
  return {};
}

std::vector<OwnedRecord> random_records(std::mt19937& random, std::size_t count) {
  std::vector<OwnedRecord> records;
  for (std::size_t i = 0; i < count; ++i) {
    OwnedRecord record;
    record.number = random();
    record.number = (record.number << 32) | random();
    record.started_us =
        recent_midnight_us() - 3 * kTestDay + static_cast<std::int64_t>(random() % (4 * 86'400)) * 1'000'000;
    record.duration_us = static_cast<std::int64_t>(random() % 10'000'000);
    record.first_token_us = random() % 2 == 0 ? record.duration_us / 2 : -1;
    record.status = random() % 3 == 0 ? static_cast<Status>(random() % kStatusCount) : Status::kOk;
    record.use_case = "case-" + std::to_string(random() % 3);
    record.environment = random() % 2 == 0 ? "prod" : "dev";
    record.key_id = "key-" + std::to_string(random() % 14);
    record.model = random() % 10 == 0 ? "" : "model-" + std::to_string(random() % 3);
    record.provider = random() % 10 == 0 ? "" : "simulated";
    if (record.model.empty()) record.provider.clear();
    if (random() % 3 != 0) record.release = record.use_case + "@" + std::to_string(random() % 2 + 1);
    record.usage.input = static_cast<std::int64_t>(random() % 100) - 1;
    record.usage.output = static_cast<std::int64_t>(random() % 100);
    record.usage.cache_read = static_cast<std::int64_t>(random() % 5) - 1;
    record.cost_nano = random() % 5 == 0 ? kUnknownCost : static_cast<NanoUsd>(random() % 10'000'000);
    record.rollup_only = random() % 10 == 0;
    records.push_back(std::move(record));
  }
  return records;
}

TEST(OverviewTest, AgreesWithTheRecordsOnRandomQuestions) {
  World world;
  std::mt19937 random(11);
  std::vector<OwnedRecord> records;
  for (int part = 0; part < 4; ++part) {  // several batches, so that rows are merged
    const std::vector<OwnedRecord> some = random_records(random, 300);
    world.ingest(some);
    records.insert(records.end(), some.begin(), some.end());
  }
  const std::int64_t base = recent_midnight_us() - 3 * kTestDay;
  rc::check("overview equals brute force", [&] {
    OverviewRequest request;
    const auto from = *rc::gen::inRange<std::int64_t>(0, 4 * 1440);
    const auto length =
        *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(1, 120), rc::gen::inRange<std::int64_t>(1, 4 * 1440));
    request.range = {base + from * kTestMinute, base + (from + length) * kTestMinute};
    request.step_us = *rc::gen::element(std::int64_t{0}, 5 * kTestMinute, kTestHour, 2 * kTestHour, kTestDay);
    if (*rc::gen::inRange(0, 2) == 0) request.filters.use_case = {"case-1", "case-2"};
    if (*rc::gen::inRange(0, 3) == 0) request.filters.key_id = {"key-3", "key-4", "unheard of"};
    if (*rc::gen::inRange(0, 3) == 0) request.filters.environment = {"dev"};
    if (*rc::gen::inRange(0, 3) == 0) request.filters.model = {"", "model-0"};
    if (*rc::gen::inRange(0, 4) == 0) request.filters.release = {"case-1@1", "case-0@2"};
    if (*rc::gen::inRange(0, 4) == 0) request.filters.status = {Status::kOk, Status::kBlocked};
    request.group_by =
        *rc::gen::element(Dimension::kNone, Dimension::kUseCase, Dimension::kEnvironment, Dimension::kKey,
                          Dimension::kProvider, Dimension::kModel, Dimension::kStatus, Dimension::kRelease);
    const auto answer = world.query().overview(request);
    RC_ASSERT(answer.has_value());
    const auto in = [](const auto& list, const auto& value) {
      return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
    };
    Exact totals;
    std::map<std::int64_t, Exact> points;
    std::map<std::string, Exact> groups;
    for (const OwnedRecord& r : records) {
      const RollupFilters& f = request.filters;
      if (r.started_us < request.range.from_us || r.started_us >= request.range.to_us) continue;
      if (!in(f.use_case, r.use_case) || !in(f.environment, r.environment) || !in(f.key_id, r.key_id) ||
          !in(f.model, r.model) || !in(f.release, r.release) || !in(f.status, r.status)) {
        continue;
      }
      totals.add(r);
      points[r.started_us / answer->step_us * answer->step_us].add(r);
      groups[value_of(r, request.group_by)].add(r);
    }
    expect_same(answer->totals, totals, true, "totals");
    std::uint64_t seen = 0;
    for (const OverviewPoint& point : answer->series) {
      expect_same(point.figures, points[point.start_us], true, "point");
      seen += point.figures.requests;
    }
    RC_ASSERT(seen == totals.requests);
    if (request.group_by == Dimension::kNone) {
      RC_ASSERT(answer->groups.empty());
    } else {
      RC_ASSERT(answer->groups.size() == std::min<std::size_t>(groups.size(), 11));
      std::uint64_t in_groups = 0;
      for (const OverviewGroup& group : answer->groups) {
        std::uint64_t in_series = 0;
        for (const OverviewPoint& point : group.series) in_series += point.figures.requests;
        RC_ASSERT(in_series == group.figures.requests);
        in_groups += group.figures.requests;
        if (group.value != "(other)")
          expect_same(group.figures, groups[group.value], true, "group " + group.value);
      }
      RC_ASSERT(in_groups == totals.requests);
    }
    RC_ASSERT(!testing::Test::HasFailure());
  });
}

TEST(OverviewTest, ChoosesRoundStepsAndRefusesNonsense) {
  World world;
  world.ingest({});
  const std::int64_t begin = recent_midnight_us();
  const auto step = [&](std::int64_t length_us) {
    return world.query().overview({.range = {begin - length_us, begin}}).value().step_us;
  };
  EXPECT_EQ(step(kTestHour), kTestMinute);
  EXPECT_EQ(step(kTestDay), 30 * kTestMinute);
  EXPECT_EQ(step(30 * kTestDay), 6 * kTestHour);
  EXPECT_EQ(world.query().overview({.range = {begin, begin}}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(world.query().overview({.range = {0, begin}, .step_us = kTestMinute}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(world.query().overview({.range = {begin, begin + 1}, .step_us = 1234}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(OverviewTest, JsonHasTheContractsShape) {
  World world;
  OwnedRecord record;
  record.number = 1;
  record.started_us = recent_midnight_us();
  record.usage.input = 7;
  world.ingest({record});
  const auto overview = world.query().overview(
      {.range = {recent_midnight_us(), recent_midnight_us() + kTestHour}, .group_by = Dimension::kKey});
  ASSERT_TRUE(overview);
  std::string text;
  append_json(text, *overview, OverviewFigures{}, world.store().stats(), world.spool().stats());
  const auto json = boost::json::parse(text).as_object();
  EXPECT_EQ(json.at("totals").at("requests").as_int64(), 1);
  EXPECT_EQ(json.at("totals").at("tokens").at("input").as_int64(), 7);
  EXPECT_EQ(json.at("previous").at("duration_ms").at("p50"), nullptr);
  EXPECT_EQ(json.at("series").as_array().size(), 60u);
  EXPECT_EQ(json.at("groups").at(0).at("label").as_string(), "First key");
  EXPECT_EQ(json.at("groups").at(0).at("key").as_string(), "key-1");
  EXPECT_EQ(json.at("step_seconds").as_int64(), 60);
  EXPECT_EQ(json.at("lag").at("records_behind").as_int64(), 0);
}

}  // namespace
}  // namespace slipway::telemetry
