// SPDX-License-Identifier: Apache-2.0
#include "telemetry/spool.h"

#include <fstream>
#include <numeric>
#include <random>

#include "rt/block_on.h"
#include "telemetry/test_support.h"

namespace slipway::telemetry {
namespace {

using testing_support::plain_record;
using testing_support::read_numbers;

std::vector<std::uint64_t> numbers_to(std::uint64_t count, std::uint64_t first = 0) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class SpoolTest : public testing::Test {
 protected:
  SpoolOptions options() const { return {.directory = directory_.path() / "spool"}; }
  std::unique_ptr<Spool> open(SpoolOptions settings) {
    auto spool = Spool::open(std::move(settings));
    EXPECT_TRUE(spool) << spool.error().describe();
    return std::move(*spool);
  }
  std::unique_ptr<Spool> open() { return open(options()); }
  void append(Spool& spool, std::uint64_t first, std::uint64_t count, std::string_view body = {}) {
    loop_.run_and_wait([&] {
      SpoolWriter writer(spool, loop_);
      for (std::uint64_t i = first; i < first + count; ++i) writer.append(plain_record(i, body));
    });
  }
  Result<> append_durable(Spool& spool, std::uint64_t number) {
    std::optional<SpoolWriter> writer;
    loop_.run_and_wait([&] { writer.emplace(spool, loop_); });
    const Result<> result =
        rt::block_on<Result<>>(loop_, [&] { return writer->append_durable(plain_record(number)); });
    loop_.run_and_wait([&] { writer.reset(); });
    return result;
  }
  std::filesystem::path only_segment() const {
    const auto segments = spool_format::list_segments(options().directory);
    EXPECT_EQ(segments.size(), 1u);
    return spool_format::segment_path(options().directory, segments.front());
  }
  // A closed spool of one segment with `count` records; its bytes.
  std::string prepared(std::uint64_t count, std::string_view body = {}) {
    auto spool = open();
    append(*spool, 0, count, body);
    spool->close();
    return read_file(only_segment());
  }

  testing_support::TemporaryDirectory directory_{true};
  rt::Loop loop_{"test"};
};

TEST_F(SpoolTest, KeepsEveryFieldOfARecord) {
  InvocationRecord record = plain_record(7, "request \0 body");
  record.first_token_us = 12;
  record.upstream_us = 34;
  record.connect_us = 0;
  record.queue_us = 5;
  record.status = Status::kInterrupted;
  record.http_status = 499;
  record.upstream_status = 503;
  record.attempts = 3;
  record.stream = true;
  record.finish_reason = "length";
  record.error_code = "client_left";
  record.error_message = "The client left.";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.end_user = "anna";
  record.usage = {1, 2, 3, 4, 5, 6, 7, true};
  record.rollup_only = true;
  record.response_body = std::string_view("\xff\0\x01", 3);
  std::string bytes;
  encode_record(bytes, record);
  InvocationRecord back;
  ASSERT_TRUE(decode_record(kRecordVersion, bytes, back));
  std::string again;
  encode_record(again, back);
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(back.id, record.id);
  EXPECT_EQ(back.status, Status::kInterrupted);
  EXPECT_EQ(back.upstream_status, 503);
  EXPECT_TRUE(back.stream);
  EXPECT_TRUE(back.rollup_only);
  EXPECT_TRUE(back.usage.estimated);
  EXPECT_EQ(back.usage.audio_output, 7);
  EXPECT_EQ(back.trace_id, record.trace_id);
  EXPECT_EQ(back.response_body, record.response_body);
  EXPECT_FALSE(decode_record(kRecordVersion + 1, bytes, back));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_record(kRecordVersion, std::string_view(bytes).substr(0, size), back)) << size;
}

TEST_F(SpoolTest, RestartFindsEverythingInOrder) {
  for (std::uint64_t run = 0; run < 3; ++run) {
    auto spool = open();
    append(*spool, run * 500, 500);
    spool->close();
    EXPECT_EQ(spool->stats().records_durable, 500u);
    EXPECT_EQ(spool->stats().corrupt_tail_bytes, 0u);
  }
  EXPECT_EQ(read_numbers(options().directory), numbers_to(1500));
}

TEST_F(SpoolTest, BufferedRecordsReachTheDiskByThemselves) {
  auto spool = open();
  const SpoolPosition before = spool->durable_end();
  std::optional<SpoolWriter> writer;
  loop_.run_and_wait([&] {
    writer.emplace(*spool, loop_);
    writer->append(plain_record(0));
  });
  spool->wait_beyond(before, 10'000);
  EXPECT_GT(spool->durable_end(), before);
  EXPECT_EQ(spool->stats().records_durable, 1u);
  loop_.run_and_wait([&] { writer.reset(); });
}

TEST_F(SpoolTest, StrictAppendIsDurableWhenItResumes) {
  auto spool = open();
  for (std::uint64_t i = 0; i < 5; ++i) {
    const Result<> kept = append_durable(*spool, i);
    ASSERT_TRUE(kept) << kept.error().describe();
    EXPECT_EQ(spool->stats().records_durable, i + 1);
    EXPECT_EQ(read_numbers(options().directory).size(), i + 1);
  }
}

TEST_F(SpoolTest, RotatesSegmentsAndReleasesThem) {
  SpoolOptions small = options();
  small.segment_bytes = 16 << 10;
  auto spool = open(small);
  for (std::uint64_t i = 0; i < 10; ++i) append(*spool, i * 100, 100);
  const SpoolPosition end = spool->rotate();
  EXPECT_GT(spool->stats().segments, 5u);
  EXPECT_EQ(read_numbers(small.directory), numbers_to(1000));
  EXPECT_GT(spool->backlog_bytes({}), 100'000u);
  EXPECT_EQ(spool->backlog_bytes(end), 0u);
  spool->release(end);
  EXPECT_EQ(spool->stats().segments, 1u) << "the one being written stays";
  EXPECT_LT(spool->stats().disk_bytes, 100u);
  append(*spool, 1000, 10);
  spool->close();
  EXPECT_EQ(read_numbers(small.directory), numbers_to(10, 1000));
}

TEST_F(SpoolTest, OnlyOneProcessWrites) {
  auto spool = open();
  const auto second = Spool::open(options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
}

TEST_F(SpoolTest, TheLimitRefusesStrictAndKeepsOthersWaiting) {
  SpoolOptions small = options();
  small.segment_bytes = 8 << 10;
  small.disk_limit_bytes = 64 << 10;
  small.queue_limit_bytes = 16 << 10;
  auto spool = open(small);
  const std::string body(1000, 'x');
  std::uint64_t appended = 0;
  for (; appended < 100; appended += 10) {  // until the limits of the disk and of the queue are behind us
    append(*spool, appended, 10, body);
    spool->rotate();
    if (appended == 0) {
      ASSERT_TRUE(append_durable(*spool, 1000));
    }
  }
  const Result<> refused = append_durable(*spool, 1001);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  SpoolStats stats = spool->stats();
  EXPECT_EQ(stats.records_refused, 1u);
  EXPECT_GT(stats.records_lost[static_cast<std::size_t>(SpoolBlock::kSpoolLimit)], 0u);
  EXPECT_EQ(stats.blocked, SpoolBlock::kSpoolLimit);
  EXPECT_FALSE(spool->accepting());
  // The store catches up: what waited in memory is written, and calls are accepted again.
  spool->release(spool->durable_end());
  while (!spool->accepting()) spool->wait_beyond(spool->durable_end(), 5);
  ASSERT_TRUE(append_durable(*spool, 1002));
  spool->close();
  stats = spool->stats();
  EXPECT_EQ(stats.records_written + stats.lost() + stats.records_refused, 103u)
      << "every record is accounted for";
  EXPECT_EQ(stats.records_durable, stats.records_written);
}

TEST_F(SpoolTest, HugeRecordsLoseTheirBodiesNotTheirTrace) {
  SpoolOptions small = options();
  small.record_limit_bytes = 1000;
  auto spool = open(small);
  append(*spool, 0, 1, std::string(1001, 'x'));
  append(*spool, 1, 1, std::string(1000, 'x'));
  spool->close();
  EXPECT_EQ(spool->stats().bodies_dropped, 1u);
  EXPECT_EQ(read_numbers(small.directory), numbers_to(2));
}

TEST_F(SpoolTest, ReadsRecordsLargerThanTheReadLimit) {
  auto spool = open();
  append(*spool, 0, 1, std::string(3 << 20, 'x'));
  append(*spool, 1, 3, "small");
  spool->close();
  EXPECT_EQ(read_numbers(options().directory), numbers_to(4));
}

TEST_F(SpoolTest, CutAtEveryByteKeepsAllWholeRecords) {
  const std::string whole = prepared(2, "body");
  const std::filesystem::path path = only_segment();
  // Where records end, to know how many must survive.
  std::vector<std::size_t> ends;
  for (std::size_t at = spool_format::kHeaderBytes; at < whole.size(); ends.push_back(at))
    at += spool_format::kPrefixBytes + spool_format::frame_length(whole.data() + at);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    for (const std::uint64_t segment : spool_format::list_segments(options().directory))
      std::filesystem::remove(spool_format::segment_path(options().directory, segment));
    write_file(path, std::string_view(whole).substr(0, size));
    const auto survivors =
        static_cast<std::uint64_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin());
    auto spool = open();
    const std::size_t kept =
        survivors == 0 ? std::min(size, spool_format::kHeaderBytes) : ends[survivors - 1];
    ASSERT_EQ(spool->stats().corrupt_tail_bytes, size - kept) << size;
    append(*spool, 100, 1);
    spool->close();
    auto expected = numbers_to(survivors);
    expected.push_back(100);
    SpoolReaderStats stats;
    ASSERT_EQ(read_numbers(options().directory, &stats), expected) << "cut at byte " << size;
    ASSERT_EQ(stats.corrupt_bytes, 0u) << "what was cut is not met again";
  }
}

TEST_F(SpoolTest, AFlippedBitCostsOneRecord) {
  const std::string whole = prepared(20, "some body");
  const std::filesystem::path path = only_segment();
  for (std::size_t at = spool_format::kHeaderBytes; at < whole.size(); at += 3) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    write_file(path, damaged);
    SpoolReaderStats stats;
    const auto numbers = read_numbers(options().directory, &stats);
    ASSERT_EQ(numbers.size(), 19u) << "bit flipped at byte " << at;
    ASSERT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
    ASSERT_EQ(stats.corrupt_regions, 1u);
    ASSERT_GT(stats.corrupt_bytes, 0u);
  }
}

TEST_F(SpoolTest, ADamagedHeaderCostsItsSegmentOnly) {
  SpoolOptions small = options();
  small.segment_bytes = 4 << 10;
  auto spool = open(small);
  append(*spool, 0, 60);
  append(*spool, 60, 60);
  spool->close();
  const auto segments = spool_format::list_segments(small.directory);
  ASSERT_GE(segments.size(), 2u);
  const std::filesystem::path first = spool_format::segment_path(small.directory, segments.front());
  std::string bytes = read_file(first);
  bytes[3] = '?';
  write_file(first, bytes);
  SpoolReaderStats stats;
  const auto numbers = read_numbers(small.directory, &stats);
  EXPECT_FALSE(numbers.empty());
  EXPECT_EQ(numbers.back(), 119u);
  EXPECT_EQ(stats.corrupt_bytes, bytes.size());
}

TEST_F(SpoolTest, RandomDamageNeverInventsARecord) {
  const std::string whole = prepared(50, "The quick brown fox");
  const std::filesystem::path path = only_segment();
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole;
    const std::size_t hits = 1 + random() % 8;
    for (std::size_t i = 0; i < hits; ++i) {
      const std::size_t at = random() % damaged.size();
      const std::size_t length = std::min<std::size_t>(1 + random() % 200, damaged.size() - at);
      if (random() % 3 == 0) {
        damaged.erase(at, length);
      } else {
        for (std::size_t j = 0; j < length; ++j) damaged[at + j] = static_cast<char>(random());
      }
      if (damaged.empty()) damaged = "x";
    }
    write_file(path, damaged);
    SpoolReader reader(options().directory);
    while (true) {
      const auto frames = reader.read({~0ull, ~0ull}, 4096);
      ASSERT_TRUE(frames);
      if (frames->empty()) break;
      for (const SpoolFrame& frame : *frames)
        ASSERT_NE(whole.find(frame.payload), std::string::npos) << "a record that was never written";
    }
  }
}

}  // namespace
}  // namespace slipway::telemetry
