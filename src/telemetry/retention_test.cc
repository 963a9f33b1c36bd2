// SPDX-License-Identifier: Apache-2.0
// Search over bodies, merging of small blocks, retention, size limit and erasure.
#include <algorithm>
#include <fstream>
#include <set>

#include "telemetry/sqlite.h"
#include "telemetry/store_test_support.h"
#include "telemetry/text_index.h"

namespace slipway::telemetry {
namespace {

using testing_support::kTestDay;
using testing_support::numbered_id;
using testing_support::OwnedRecord;
using testing_support::recent_midnight_us;
using testing_support::World;

constexpr std::string_view kVocabulary[] = {"alpha",  "Beta", "gamma",  "delta",
                                            "Straße", "東京", "refund", "order-17"};

std::vector<OwnedRecord> talkative(std::size_t count, std::uint32_t seed, std::uint64_t first = 1) {
  std::mt19937 random(seed);
  std::vector<OwnedRecord> records;
  for (std::size_t i = 0; i < count; ++i) {
    OwnedRecord record;
    record.number = first + i;
    record.started_us = recent_midnight_us() + static_cast<std::int64_t>(random() % 80'000) * 1'000'000;
    record.end_user = "user-" + std::to_string(random() % 5);
    record.use_case = random() % 3 == 0 ? "search" : "support";
    const auto prose = [&] {
      std::string text;
      for (std::uint64_t n = random() % 5; n > 0; --n)
        text += std::string(kVocabulary[random() % std::size(kVocabulary)]) + " ";
      return text;
    };
    if (random() % 6 != 0) {
      record.request_body = R"({"messages":[{"role":"user","content":")" + prose() + "\"}]}";
      record.response_body = R"({"choices":[{"message":{"content":")" + prose() + "\"}}]}";
    }
    records.push_back(std::move(record));
  }
  return records;
}

std::vector<std::uint64_t> brute_force(const std::vector<OwnedRecord>& records, const std::string& text) {
  const TextQuery query(text);
  std::vector<const OwnedRecord*> found;
  for (const OwnedRecord& record : records) {
    std::uint64_t terms =
        query.match(searchable(record.request_body)) | query.match(searchable(record.response_body));
    for (const std::string& field : {record.end_user, record.use_case, record.model, record.key_id,
                                     numbered_id(record.number).to_string()}) {
      terms |= query.match(searchable(field));
    }
    if (terms == query.all()) found.push_back(&record);
  }
  std::sort(found.begin(), found.end(), [](const OwnedRecord* a, const OwnedRecord* b) {
    return std::tie(a->started_us, a->number) > std::tie(b->started_us, b->number);
  });
  std::vector<std::uint64_t> numbers;
  for (const OwnedRecord* record : found) numbers.push_back(record->number);
  return numbers;
}

void expect_searches(World& world, const std::vector<OwnedRecord>& records) {
  for (const char* const text :
       {"alpha", "ALPHA beta", "straße", "東", "\"gamma delta\"", "order-17 refund", "17", "nowhere", "alph",
        "user-3 refund", "search gamma", "model-a \"alpha beta\""}) {
    InvocationFilters filters;
    filters.text = text;
    EXPECT_EQ(world.list_numbers(filters, 17), brute_force(records, text)) << text;
  }
}

std::int64_t count(World& world, const std::string& sql) {
  auto raw = Connection::open(world.store_options_.file, true);
  EXPECT_TRUE(raw);
  return raw->integer(sql).value();
}

// Whether any file of the world holds these bytes.
bool on_disk(World& world, const std::string& needle) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.directory())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (bytes.find(needle) != std::string::npos) return true;
  }
  return false;
}

TEST(SearchTest, AgreesWithBruteForceOverManyBlocks) {
  World world;
  std::vector<OwnedRecord> all;
  for (std::uint32_t part = 0; part < 5; ++part) {
    std::vector<OwnedRecord> some = talkative(80, part, 1 + part * 80);
    world.ingest(some);
    all.insert(all.end(), some.begin(), some.end());
  }
  expect_searches(world, all);
}

TEST(SearchTest, FindsATraceAndARequestById) {
  World world;
  std::vector<OwnedRecord> records = talkative(300, 9);
  for (OwnedRecord& record : records) {
    char trace[33];
    std::snprintf(trace, sizeof(trace), "%032llx", static_cast<unsigned long long>(record.number / 3 * 7919));
    record.trace_id = trace;
  }
  world.ingest(records);
  InvocationFilters filters;
  filters.trace_id = records[150].trace_id;
  std::set<std::uint64_t> expected;
  for (const OwnedRecord& record : records) {
    if (record.trace_id == records[150].trace_id) expected.insert(record.number);
  }
  const auto found = world.list_numbers(filters, 2);
  EXPECT_EQ(std::set(found.begin(), found.end()), expected);
  EXPECT_EQ(found.size(), expected.size());
  filters.trace_id = "ffffffffffffffffffffffffffffffff";
  EXPECT_TRUE(world.list_numbers(filters).empty());
  filters.trace_id.reset();
  filters.request_id = numbered_id(77).to_string();  // these records have no request id of their own
  EXPECT_EQ(world.list_numbers(filters), std::vector<std::uint64_t>{77});
}

TEST(RetentionTest, MergesSmallBlocksWithoutLosingABody) {
  World world;
  std::vector<OwnedRecord> all;
  for (std::uint32_t part = 0; part < 40; ++part) {
    std::vector<OwnedRecord> some = talkative(3, 100 + part, 1 + part * 3);
    world.ingest(some);
    all.insert(all.end(), some.begin(), some.end());
  }
  ASSERT_TRUE(world.store().run_maintenance());
  EXPECT_LT(count(world, "SELECT COUNT(*) FROM blocks"), 32);
  EXPECT_EQ(count(world, "SELECT COUNT(*) FROM blocks"), count(world, "SELECT COUNT(*) FROM block_data"));
  EXPECT_EQ(count(world, "SELECT COUNT(*) FROM blocks"), count(world, "SELECT COUNT(*) FROM block_words"));
  for (const OwnedRecord& record : all) {
    const auto got = world.query().get(numbered_id(record.number));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->request_body, record.request_body);
    EXPECT_EQ(got->response_body, record.response_body);
  }
  expect_searches(world, all);
}

TEST(RetentionTest, ForgetsBodiesThenRowsThenRollupsByEnvironment) {
  World world;
  world.store_options_.retention = {.body_days = 2, .row_days = 10, .rollup_days = 100};
  world.store_options_.retention_by_environment["dev"] = {.body_days = 1, .row_days = 4, .rollup_days = 6};
  world.store_options_.minute_rollup_days = 30;
  world.reopen();
  std::vector<OwnedRecord> records;
  std::uint64_t number = 0;
  for (const int days : {0, 3, 5, 8, 12, 40, 120}) {
    for (const char* const environment : {"prod", "dev"}) {
      OwnedRecord record;
      record.number = ++number;
      record.started_us = unix_now_us() - days * kTestDay - 1'000'000;
      record.environment = environment;
      record.request_body = "{\"content\":\"something\"}";
      records.push_back(record);
    }
  }
  world.ingest(records);
  ASSERT_TRUE(world.store().run_maintenance());
  std::vector<std::uint64_t> rows = world.list_numbers({});
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 7})) << "prod: 10 days, dev: 4 days";
  EXPECT_EQ(world.query().get(numbered_id(1))->bodies, Invocation::Bodies::kKept);
  const auto expired = world.query().get(numbered_id(3));
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->bodies, Invocation::Bodies::kExpired);
  EXPECT_TRUE(expired->request_body.empty());
  EXPECT_EQ(count(world, "SELECT SUM(requests) FROM slim_day"), 6 + 3) << "prod: 100 days, dev: 6 days";
  EXPECT_EQ(count(world, "SELECT SUM(requests) FROM wide_hour"), 9);
  EXPECT_EQ(count(world, "SELECT SUM(requests) FROM wide_minute"), 5 + 3) << "minutes: 30 days";
  EXPECT_GT(world.store().stats().rows_expired, 0u);
}

TEST(RetentionTest, TheSizeLimitTakesTheOldestBodiesFirst) {
  World world;
  std::mt19937_64 random(1);
  std::vector<OwnedRecord> records;
  for (std::uint64_t i = 1; i <= 60; ++i) {
    OwnedRecord record;
    record.number = i;
    record.started_us = unix_now_us() - (60 - static_cast<std::int64_t>(i)) * kTestDay / 10 - 1'000'000;
    for (int k = 0; k < 8000; ++k) record.request_body += static_cast<char>('!' + random() % 90);
    records.push_back(std::move(record));
  }
  world.ingest(records);
  const std::uint64_t full = world.store().stats().database_bytes;
  world.store_options_.size_limit_bytes = full * 3 / 4;
  world.reopen();
  ASSERT_TRUE(world.store().run_maintenance());
  EXPECT_LE(world.store().stats().database_bytes, world.store_options_.size_limit_bytes);
  EXPECT_EQ(world.list_numbers({}).size(), 60u) << "rows outlive bodies";
  EXPECT_EQ(world.query().get(numbered_id(1))->bodies, Invocation::Bodies::kExpired);
  EXPECT_EQ(world.query().get(numbered_id(60))->bodies, Invocation::Bodies::kKept);
}

TEST(ErasureTest, AnEndUserLeavesNoTrace) {
  World world;
  std::vector<OwnedRecord> records = talkative(150, 21);
  for (OwnedRecord& record : records) {
    if (record.end_user == "user-2") record.end_user = "jane.doe@example.org";
  }
  world.ingest(records);
  // One more that is still in the spool when erasure begins.
  OwnedRecord late = talkative(1, 22, 1000).front();
  late.end_user = "jane.doe@example.org";
  late.request_body = "{\"content\":\"late secret 8f7e6d5c\"}";
  world.append({late});
  EXPECT_TRUE(on_disk(world, "jane.doe@example.org"));
  const auto erased = world.store().erase_end_user("jane.doe@example.org");
  ASSERT_TRUE(erased) << erased.error().describe();
  std::vector<OwnedRecord> left;
  for (const OwnedRecord& record : records) {
    if (record.end_user != "jane.doe@example.org") left.push_back(record);
  }
  EXPECT_EQ(erased->rows, records.size() - left.size() + 1);
  EXPECT_EQ(world.list_numbers({}).size(), left.size());
  expect_searches(world, left);
  EXPECT_EQ(world.query().get(numbered_id(late.number)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world.query()
                .overview({.range = {recent_midnight_us(), recent_midnight_us() + 2 * kTestDay}})
                ->totals.requests,
            151u)
      << "roll-ups hold nothing personal";
  EXPECT_FALSE(on_disk(world, "jane.doe@example.org"));
  EXPECT_FALSE(on_disk(world, "8f7e6d5c"));
  EXPECT_EQ(world.store().erase_end_user("jane.doe@example.org")->rows, 0u);
  EXPECT_EQ(world.store().erase_end_user("").error().code, ErrorCode::kInvalidArgument);
}

TEST(ErasureTest, AUseCaseGoesWithItsRollups) {
  World world;
  const std::vector<OwnedRecord> records = talkative(120, 31);
  world.ingest(records);
  std::vector<OwnedRecord> left;
  for (const OwnedRecord& record : records) {
    if (record.use_case != "search") left.push_back(record);
  }
  const auto erased = world.store().erase_use_case("search");
  ASSERT_TRUE(erased);
  EXPECT_EQ(erased->rows, records.size() - left.size());
  EXPECT_GT(erased->rollups, 0u);
  expect_searches(world, left);
  const auto overview = world.query().overview(
      {.range = {recent_midnight_us(), recent_midnight_us() + kTestDay}, .group_by = Dimension::kUseCase});
  ASSERT_TRUE(overview);
  ASSERT_EQ(overview->groups.size(), 1u);
  EXPECT_EQ(overview->groups[0].value, "support");
  EXPECT_EQ(overview->totals.requests, left.size());
  EXPECT_EQ(world.store().erase_use_case("unheard of")->rows, 0u);
}

}  // namespace
}  // namespace slipway::telemetry
