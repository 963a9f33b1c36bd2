// SPDX-License-Identifier: Apache-2.0
#include "telemetry/store.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <set>

#include "base/text.h"
#include "telemetry/json.h"
#include "telemetry/sqlite.h"
#include "telemetry/store_test_support.h"

namespace slipway::telemetry {
namespace {

using testing_support::kTestDay;
using testing_support::kTestHour;
using testing_support::kTestMinute;
using testing_support::number_of;
using testing_support::numbered_id;
using testing_support::OwnedRecord;
using testing_support::recent_midnight_us;
using testing_support::World;

OwnedRecord record_at(std::uint64_t number, std::int64_t started_us) {
  OwnedRecord record;
  record.number = number;
  record.started_us = started_us;
  return record;
}

// Records that differ in everything filters look at, over three days.
std::vector<OwnedRecord> varied(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  const std::int64_t begin = recent_midnight_us() - kTestDay;
  std::vector<OwnedRecord> records;
  for (std::size_t i = 0; i < count; ++i) {
    OwnedRecord record =
        record_at(i + 1, begin + static_cast<std::int64_t>(random() % (kTestDay / 1000)) * 2000);
    record.use_case = random() % 3 == 0 ? "search" : "support";
    record.environment = random() % 4 == 0 ? "dev" : "prod";
    record.key_id = "key-" + std::to_string(random() % 6);
    record.model = "model-" + std::to_string(random() % 3);
    record.provider = random() % 5 == 0 ? "openai" : "simulated";
    record.status = random() % 4 == 0 ? static_cast<Status>(random() % kStatusCount) : Status::kOk;
    record.stream = random() % 2 == 0;
    record.duration_us = static_cast<std::int64_t>(random() % 5'000'000);
    record.first_token_us = record.stream ? record.duration_us / 3 : -1;
    record.usage.input = random() % 7 == 0 ? -1 : static_cast<std::int64_t>(random() % 1000);
    record.usage.output = static_cast<std::int64_t>(random() % 1000);
    record.usage.cache_read = static_cast<std::int64_t>(random() % 50) - 1;
    record.cost_nano = random() % 9 == 0 ? kUnknownCost : static_cast<NanoUsd>(random() % 1'000'000);
    record.end_user = random() % 3 == 0 ? "user-" + std::to_string(random() % 4) : "";
    record.error_code = record.status == Status::kOk ? "" : "code-" + std::to_string(random() % 2);
    records.push_back(std::move(record));
  }
  return records;
}

// The numbers of those that satisfy `keep`, newest first.
template <class Keep>
std::vector<std::uint64_t> expected_numbers(const std::vector<OwnedRecord>& records, Keep keep) {
  std::vector<const OwnedRecord*> kept;
  for (const OwnedRecord& record : records) {
    if (keep(record)) kept.push_back(&record);
  }
  std::sort(kept.begin(), kept.end(), [](const OwnedRecord* a, const OwnedRecord* b) {
    return std::tie(a->started_us, a->number) > std::tie(b->started_us, b->number);
  });
  std::vector<std::uint64_t> numbers;
  for (const OwnedRecord* record : kept) numbers.push_back(record->number);
  return numbers;
}

TEST(TelemetryStoreTest, GivesBackWhatWasRecorded) {
  World world;
  OwnedRecord record = record_at(42, recent_midnight_us() + 123'456);
  record.duration_us = 1'234'567;
  record.first_token_us = 45'600;
  record.stream = true;
  record.end_user = "anna";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.usage = {10, 20, 30, 40, 50, -1, -1, true};
  record.request_body = R"({"model":"m","messages":[{"role":"system","content":"Be kind"},)"
                        R"({"role":"user","content":"What  is\n\"up\"?"}]})";
  record.response_body = R"({"choices":[{"message":{"role":"assistant","content":"Not much."}}]})";
  world.ingest({record});
  const auto got = world.query().get(numbered_id(42));
  ASSERT_TRUE(got) << got.error().describe();
  EXPECT_EQ(got->started_us, record.started_us);
  EXPECT_EQ(got->duration_us, 1'234'567);
  EXPECT_EQ(got->usage.reasoning, 50);
  EXPECT_EQ(got->usage.audio_input, -1);
  EXPECT_TRUE(got->usage.estimated);
  EXPECT_TRUE(got->stream);
  EXPECT_EQ(got->key_name, "First key");
  EXPECT_EQ(got->request_body, record.request_body);
  EXPECT_EQ(got->response_body, record.response_body);
  EXPECT_EQ(got->input_preview, "What is \"up\"?");
  EXPECT_EQ(got->output_preview, "Not much.");
  std::string text;
  append_json(text, *got, true);
  const auto json = boost::json::parse(text).as_object();
  EXPECT_EQ(json.at("duration_ms").as_double(), 1234.567);
  EXPECT_EQ(json.at("first_token_ms").as_double(), 45.6);
  EXPECT_EQ(json.at("upstream_ms"), nullptr);
  EXPECT_EQ(json.at("started_at").as_string(), format_time_us(record.started_us));
  EXPECT_EQ(json.at("cost_usd").as_string(), "0.000001");
  EXPECT_EQ(json.at("usage").at("audio_output"), nullptr);
  EXPECT_EQ(json.at("error"), nullptr);
  EXPECT_EQ(json.at("request_body").as_string(), record.request_body);
  EXPECT_EQ(world.query().get(numbered_id(43)).error().code, ErrorCode::kNotFound);
}

TEST(TelemetryStoreTest, FiltersAgreeWithBruteForceAndPagesAreComplete) {
  World world;
  const std::vector<OwnedRecord> records = varied(700, 1);
  world.ingest(records);
  EXPECT_EQ(world.store().stats().records_indexed, 700u);
  using Check = std::function<bool(const OwnedRecord&)>;
  std::vector<std::pair<InvocationFilters, Check>> cases;
  const auto add = [&](Check check, const std::function<void(InvocationFilters&)>& set) {
    InvocationFilters filters;
    set(filters);
    cases.emplace_back(std::move(filters), std::move(check));
  };
  const std::int64_t from = recent_midnight_us() - 5 * kTestHour;
  add([](const auto&) { return true; }, [](auto&) {});
  add([](const auto& r) { return r.use_case == "search"; }, [](auto& f) { f.use_case = {"search"}; });
  add([](const auto& r) { return r.key_id == "key-1" || r.key_id == "key-2"; },
      [](auto& f) { f.key_id = {"key-1", "key-2", "nobody"}; });
  add([](const auto& r) { return r.environment == "dev" && r.status == Status::kBlocked; },
      [](auto& f) { f.environment = {"dev"}, f.status = {Status::kBlocked}; });
  add([](const auto& r) { return r.status != Status::kOk; },
      [](auto& f) {
        f.status = {Status::kClientError, Status::kLimited, Status::kUpstreamError,
                    Status::kInterrupted, Status::kBlocked, Status::kInternalError};
      });
  add([&](const auto& r) { return r.started_us >= from && r.started_us < from + 3 * kTestHour; },
      [&](auto& f) { f.from_us = from, f.to_us = from + 3 * kTestHour; });
  add([](const auto& r) { return r.stream && r.duration_us >= 1'000'000 && r.duration_us <= 2'000'000; },
      [](auto& f) { f.stream = true, f.min_duration_us = 1'000'000, f.max_duration_us = 2'000'000; });
  add([](const auto& r) { return r.cost_nano >= 0 && r.cost_nano <= 500'000; },
      [](auto& f) { f.max_cost_nano = 500'000; });
  add([](const auto& r) { return r.end_user == "user-2" && r.use_case == "support"; },
      [](auto& f) { f.end_user = "user-2", f.use_case = {"support"}; });
  add([](const auto& r) { return r.error_code == "code-1" && r.provider == "openai"; },
      [](auto& f) { f.error_code = {"code-1"}, f.provider = {"openai"}; });
  add([](const auto& r) { return r.model == "model-2"; }, [](auto& f) { f.model = {"model-2"}; });
  add([](const auto&) { return false; }, [](auto& f) { f.model = {"no such model"}; });
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (const std::uint32_t limit : {7u, 1000u})
      EXPECT_EQ(world.list_numbers(cases[i].first, limit), expected_numbers(records, cases[i].second))
          << "case " << i;
  }
  EXPECT_EQ(world.query().list({}, "nonsense", 10).error().code, ErrorCode::kInvalidArgument);
}

TEST(TelemetryStoreTest, PagesOfOneInstantAreComplete) {
  World world;
  std::vector<OwnedRecord> records;
  for (std::uint64_t i = 1; i <= 50; ++i) records.push_back(record_at(i, recent_midnight_us()));
  world.ingest(records);
  const auto numbers = world.list_numbers({}, 3);
  EXPECT_EQ(std::set(numbers.begin(), numbers.end()).size(), 50u);
  EXPECT_EQ(numbers.size(), 50u);
}

TEST(TelemetryStoreTest, BoundedWorkIsToldAndGoesOn) {
  World world;
  world.scan_rows_ = 10;
  world.reopen();
  std::vector<OwnedRecord> records;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    records.push_back(record_at(i, recent_midnight_us() + static_cast<std::int64_t>(i)));
    records.back().provider = i == 3 ? "rare" : "common";
  }
  world.ingest(records);
  InvocationFilters filters;
  filters.provider = {"rare"};
  const auto page = world.query().list(filters, {}, 5);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->items.empty());
  EXPECT_FALSE(page->next_cursor.empty());
  EXPECT_EQ(page->searched_until_us, records[90].started_us);
  EXPECT_EQ(world.list_numbers(filters, 5), std::vector<std::uint64_t>{3});
}

TEST(TelemetryStoreTest, CapturePolicyNoneOnlyCounts) {
  World world;
  OwnedRecord hidden = record_at(1, recent_midnight_us());
  hidden.rollup_only = true;
  world.ingest({hidden, record_at(2, recent_midnight_us())});
  EXPECT_EQ(world.list_numbers({}), std::vector<std::uint64_t>{2});
  const auto overview =
      world.query().overview({.range = {recent_midnight_us(), recent_midnight_us() + 1}, .filters = {}});
  ASSERT_TRUE(overview);
  EXPECT_EQ(overview->totals.requests, 2u);
}

TEST(TelemetryStoreTest, RestartGoesOnWhereItStopped) {
  World world;
  std::vector<OwnedRecord> all = varied(300, 3);
  const std::vector<OwnedRecord> first(all.begin(), all.begin() + 200);
  const std::vector<OwnedRecord> rest(all.begin() + 200, all.end());
  world.ingest(first);
  world.append(rest);  // perhaps indexed before the end, perhaps not
  world.reopen();
  ASSERT_TRUE(world.store().wait_indexed(60'000));
  EXPECT_EQ(world.list_numbers({}), expected_numbers(all, [](const auto&) { return true; }));
  world.reopen();
  ASSERT_TRUE(world.store().wait_indexed(60'000));
  EXPECT_EQ(world.store().stats().records_indexed, 0u) << "nothing is read twice";
  EXPECT_EQ(world.query().last_sequence().value(), 300u);
}

TEST(TelemetryStoreTest, ACrashBetweenSpoolAndStoreDoublesNothing) {
  World world;
  const std::vector<OwnedRecord> records = varied(100, 4);
  world.ingest(records);
  const auto before = world.query().overview(
      {.range = {0, recent_midnight_us() + 2 * kTestDay}, .filters = {}, .step_us = 30 * kTestDay * 100});
  ASSERT_TRUE(before) << before.error().describe();
  // As if the process had died with records in the spool that the store has, and a program wrote some twice.
  world.append(records);
  world.append(records);
  ASSERT_TRUE(world.store().wait_indexed(60'000));
  EXPECT_EQ(world.store().stats().duplicates, 200u);
  EXPECT_EQ(world.list_numbers({}).size(), 100u);
  const auto after = world.query().overview(
      {.range = {0, recent_midnight_us() + 2 * kTestDay}, .filters = {}, .step_us = 30 * kTestDay * 100});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->totals.requests, 100u);
  EXPECT_EQ(after->totals.cost_nano, before->totals.cost_nano);
}

TEST(TelemetryStoreTest, LiveTailSeesArrivalsInOrder) {
  World world;
  world.ingest({record_at(1, recent_midnight_us() + 500), record_at(2, recent_midnight_us())});
  const std::uint64_t seen = world.query().last_sequence().value();
  EXPECT_EQ(seen, 2u);
  OwnedRecord other = record_at(4, recent_midnight_us() - 100);
  other.use_case = "search";
  world.ingest({record_at(3, recent_midnight_us() - 50), other, record_at(5, recent_midnight_us())});
  InvocationFilters filters;
  filters.use_case = {"support"};
  const auto changes = world.query().changes_since(seen, filters, 10);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->items.size(), 2u);
  EXPECT_EQ(number_of(changes->items[0].id), 3u);
  EXPECT_EQ(number_of(changes->items[1].id), 5u);
  EXPECT_EQ(changes->last_sequence, 5u);
  EXPECT_TRUE(world.query().changes_since(5, filters, 10)->items.empty());
}

TEST(TelemetryStoreTest, ExportsEverythingOnce) {
  World world;
  std::vector<OwnedRecord> records = varied(1234, 5);
  records[7].end_user = "=cmd(\"x\")";
  records[8].response_body = R"({"content":"line
two"})";
  world.ingest(records);
  std::string jsonl;
  const auto rows = world.query().export_rows({}, ExportFormat::kJsonl, true, [&](std::string_view piece) {
    jsonl += piece;
    return true;
  });
  ASSERT_TRUE(rows);
  EXPECT_EQ(*rows, 1234u);
  std::set<std::string> ids;
  for (const std::string_view line : split(jsonl, '\n')) {
    if (line.empty()) continue;
    const auto object = boost::json::parse(line).as_object();
    ids.insert(std::string(object.at("id").as_string()));
    if (object.at("id").as_string() == numbered_id(records[8].number).to_string()) {
      EXPECT_EQ(object.at("response_body").as_string(), records[8].response_body);
    }
  }
  EXPECT_EQ(ids.size(), 1234u);
  std::string csv;
  InvocationFilters filters;
  filters.end_user = "=cmd(\"x\")";
  ASSERT_TRUE(world.query().export_rows(filters, ExportFormat::kCsv, false, [&](std::string_view piece) {
    csv += piece;
    return true;
  }));
  EXPECT_NE(csv.find(",\"'=cmd(\"\"x\"\")\","), std::string::npos) << csv;
  const auto lines = split(csv, '\n');
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(split(lines[0], ',').size(), split(lines[1], ',').size());
  int calls = 0;
  const auto stopped = world.query().export_rows({}, ExportFormat::kJsonl, false,
                                                 [&](std::string_view) { return ++calls < 3; });
  EXPECT_EQ(stopped.value(), 2u);
}

TEST(TelemetryStoreTest, FindsTheCallsOfARelease) {
  World world;
  std::vector<OwnedRecord> records(6);
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].number = i + 1;
    records[i].started_us = recent_midnight_us() + static_cast<std::int64_t>(i) * 1000;
    if (i % 2 == 0) records[i].release = i < 4 ? "support@1" : "support@2";
  }
  world.ingest(records);
  InvocationFilters filters;
  filters.release = "support@1";
  EXPECT_EQ(world.list_numbers(filters), (std::vector<std::uint64_t>{3, 1}));
  filters.use_case = {"another"};
  EXPECT_TRUE(world.list_numbers(filters).empty());
  filters.use_case.clear();
  filters.release = "support@7";
  EXPECT_TRUE(world.list_numbers(filters).empty());
  filters.release = "";
  EXPECT_EQ(world.list_numbers(filters), (std::vector<std::uint64_t>{6, 4, 2}));
}

// A file as version 1 left it, which counted nothing by release.
TEST(TelemetryStoreTest, ReadsVersion1AndGoesOn) {
  std::ifstream file(std::string(SLIPWAY_SOURCE_DIR) + "/tests/data/telemetry/version-1.sql");
  const std::string dump{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(dump.empty());
  constexpr std::int64_t kDay = 1'795'564'800'000'000;  // of its calls
  World world;
  world.close();
  std::filesystem::remove(world.store_options_.file);
  for (const char* const beside : {"-wal", "-shm"})
    std::filesystem::remove(world.store_options_.file.string() + beside);
  {
    auto raw = Connection::open(world.store_options_.file, false);
    ASSERT_TRUE(raw);
    ASSERT_TRUE(raw->execute(dump.c_str()));
  }
  world.store_options_.retention = {36'500, 36'500, 36'500};
  world.store_options_.minute_rollup_days = 36'500;
  world.open();
  ASSERT_FALSE(HasFatalFailure());
  OverviewRequest request{.range = {kDay, kDay + kTestDay}, .group_by = Dimension::kRelease};
  auto overview = world.query().overview(request);
  ASSERT_TRUE(overview) << overview.error().describe();
  EXPECT_EQ(overview->totals.requests, 4u);
  EXPECT_EQ(overview->totals.cost_nano, 624'000);
  EXPECT_EQ(overview->totals.output_tokens, 147u);
  EXPECT_GT(overview->totals.duration.p95_us, 0);
  ASSERT_EQ(overview->groups.size(), 1u);
  EXPECT_EQ(overview->groups[0].value, "");
  EXPECT_EQ(world.list_all({}, 10).size(), 4u);

  OwnedRecord fresh;
  fresh.number = 77;
  fresh.started_us = kDay + 1000;
  fresh.release = "support@1";
  world.ingest({fresh});
  overview = world.query().overview(request);
  ASSERT_TRUE(overview);
  EXPECT_EQ(overview->totals.requests, 5u);
  ASSERT_EQ(overview->groups.size(), 2u);
  EXPECT_EQ(overview->groups[1].value, "support@1");
  EXPECT_EQ(overview->groups[1].figures.requests, 1u);
}

TEST(TelemetryStoreTest, RefusesANewerDatabase) {
  World world;
  world.close();
  {
    auto raw = Connection::open(world.store_options_.file, false);
    ASSERT_TRUE(raw);
    ASSERT_TRUE(raw->execute("PRAGMA user_version = 99"));
  }
  auto spool = Spool::open(world.spool_options_);
  ASSERT_TRUE(spool);
  const auto store = TelemetryStore::open(world.store_options_, **spool);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace slipway::telemetry
