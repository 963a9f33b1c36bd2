// SPDX-License-Identifier: Apache-2.0
// What the spool promises when things go wrong: a killed process, a full disk, a limit.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "rt/block_on.h"
#include "rt/task_group.h"
#include "telemetry/store_test_support.h"

namespace slipway::telemetry {
namespace {

using testing_support::plain_record;
using testing_support::read_numbers;
using testing_support::TemporaryDirectory;

constexpr char kDirectoryVariable[] = "SLIPWAY_TEST_SPOOL";
constexpr std::uint64_t kStrictBase = 1ull << 40;
constexpr std::size_t kRecords = 1u << 20;

// Shared by the test and the process it kills.
struct Board {
  std::atomic<std::uint64_t> appended;       // records 0 … appended-1 have been appended
  std::atomic<std::uint64_t> acknowledged;   // strict records 0 … acknowledged-1 have been acknowledged
  std::atomic<std::int64_t> longest_gap_ns;  // how long the machine kept the process from running
  std::atomic<std::int64_t> appended_at_ns[kRecords];
};

Board* map_board(const std::filesystem::path& directory, bool create) {
  const int file = ::open((directory / "board").c_str(), O_RDWR | (create ? O_CREAT : 0), 0600);
  if (file < 0 || (create && ::ftruncate(file, sizeof(Board)) != 0)) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<Board*>(memory);
}

rt::Task<void> append_strictly(SpoolWriter& writer, Board& board) {
  for (std::uint64_t i = 0;; ++i) {
    const InvocationRecord record = plain_record(kStrictBase + i);
    const Result<> kept = co_await writer.append_durable(record);
    if (!kept) co_return;
    board.acknowledged.store(i + 1);
  }
}

// Run by the test below as a process of its own, until it is killed.
TEST(SpoolFaultTest, DISABLED_ProcessToBeKilled) {
  const char* const directory = std::getenv(kDirectoryVariable);
  if (directory == nullptr) GTEST_SKIP() << "this is a part of KillNineLosesNothingThatWasPromised";
  Board* const board = map_board(directory, false);
  ASSERT_NE(board, nullptr);
  SpoolOptions options{.directory = std::filesystem::path(directory) / "spool"};
  options.segment_bytes = 1 << 20;
  auto spool = Spool::open(options);
  ASSERT_TRUE(spool);
  rt::Loop loop("load");
  rt::Loop strict_loop("strict");
  std::optional<SpoolWriter> writer;
  std::optional<SpoolWriter> strict_writer;
  std::optional<rt::TaskGroup> group;
  loop.run_and_wait([&] { writer.emplace(**spool, loop); });
  strict_loop.run_and_wait([&] {
    strict_writer.emplace(**spool, strict_loop);
    group.emplace(strict_loop.executor());
    group->spawn(append_strictly(*strict_writer, *board));
  });
  std::thread canary([board] {
    for (std::int64_t last = mono_now_ns();;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::int64_t now = mono_now_ns();
      if (now - last > board->longest_gap_ns.load()) board->longest_gap_ns.store(now - last);
      last = now;
    }
  });
  const std::string body(700, 'b');
  for (std::uint64_t i = 0; i < kRecords;) {
    loop.run_and_wait([&] {
      for (int k = 0; k < 20 && i < kRecords; ++k, ++i) {
        board->appended_at_ns[i].store(mono_now_ns());
        writer->append(plain_record(i, body));
        board->appended.store(i + 1);
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ::pause();
}

TEST(SpoolFaultTest, KillNineLosesNothingThatWasPromised) {
  for (int round = 0; round < 3; ++round) {
    TemporaryDirectory directory;
    Board* const board = map_board(directory.path(), true);
    ASSERT_NE(board, nullptr);
    const std::string variable = std::string(kDirectoryVariable) + "=" + directory.path().string();
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
    std::string own_variable = variable;
    environment.push_back(own_variable.data());
    environment.push_back(nullptr);
    std::string arguments[] = {"test_telemetry", "--gtest_also_run_disabled_tests",
                               "--gtest_filter=SpoolFaultTest.DISABLED_ProcessToBeKilled", "--gtest_brief=1"};
    char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), arguments[3].data(),
                    nullptr};
    pid_t child = 0;
    ASSERT_EQ(::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, argv, environment.data()), 0);
    // Kill in the middle of load, at a different moment each time.
    const std::uint64_t enough = 500 + 777 * static_cast<std::uint64_t>(round);
    while (board->appended.load() < enough || board->acknowledged.load() < 3) {
      ASSERT_EQ(::waitpid(child, nullptr, WNOHANG), 0) << "the process ended by itself";
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const std::uint64_t acknowledged = board->acknowledged.load();
    const std::int64_t killed_at = mono_now_ns();
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);

    auto spool = Spool::open({.directory = directory.path() / "spool"});
    ASSERT_TRUE(spool) << spool.error().describe();
    SpoolReaderStats stats;
    std::uint64_t next = 0;
    std::uint64_t next_strict = 0;
    for (const std::uint64_t number : read_numbers(directory.path() / "spool", &stats)) {
      std::uint64_t& expected = number >= kStrictBase ? next_strict : next;
      EXPECT_EQ(number, number >= kStrictBase ? kStrictBase + expected : expected) << "no gap, no double";
      ++expected;
    }
    EXPECT_EQ(stats.corrupt_bytes, 0u) << "the torn tail was cut when the spool was opened";
    EXPECT_GE(next_strict, acknowledged);
    // What the machine itself held up isn't the spool's.
    const std::int64_t window_ns = 100'000'000 + board->longest_gap_ns.load();
    std::uint64_t promised = 0;
    while (promised < board->appended.load() &&
           board->appended_at_ns[promised].load() < killed_at - window_ns)
      ++promised;
    EXPECT_GE(next, promised) << "of " << board->appended.load() << " appended";
    ::munmap(board, sizeof(Board));
  }
}

class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() == 0 && ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=256k") == 0)
      mounted_ = true;
    if (!mounted_) GTEST_SKIP() << "needs to mount a small tmpfs";
  }
  void TearDown() override {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  TemporaryDirectory directory_;
  bool mounted_ = false;
  rt::Loop loop_{"test"};
};

TEST_F(FullDisk, RefusesStrictKeepsServingAndCatchesUp) {
  SpoolOptions options{.directory = directory_.path() / "spool"};
  options.queue_limit_bytes = 64 << 10;
  auto opened = Spool::open(options);
  ASSERT_TRUE(opened) << opened.error().describe();
  Spool& spool = **opened;
  std::optional<SpoolWriter> writer;
  loop_.run_and_wait([&] { writer.emplace(spool, loop_); });
  const auto strict = [&](std::uint64_t number) {
    return rt::block_on<Result<>>(loop_, [&] { return writer->append_durable(plain_record(number)); });
  };
  ASSERT_TRUE(strict(1));
  // Somebody else fills the disk.
  {
    std::ofstream filler(directory_.path() / "filler", std::ios::binary);
    const std::string block(1024, 'f');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  const std::string body(1000, 'b');
  std::uint64_t number = 100;
  while (spool.stats().blocked == SpoolBlock::kNone) {
    loop_.run_and_wait([&] {
      writer->append(plain_record(number++, body));
      writer->flush();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(spool.stats().blocked, SpoolBlock::kDiskFull);
  EXPECT_FALSE(spool.accepting());
  const Result<> refused = strict(2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(refused.error().describe().find("disk"), std::string::npos);
  // Others go on; what memory can't hold any more is counted with its reason.
  loop_.run_and_wait([&] {
    for (int i = 0; i < 200; ++i) writer->append(plain_record(number++, body));
    writer->flush();
  });
  const SpoolStats full = spool.stats();
  EXPECT_GT(full.records_lost[static_cast<std::size_t>(SpoolBlock::kDiskFull)], 0u);
  EXPECT_EQ(full.records_refused, 1u);
  std::filesystem::remove(directory_.path() / "filler");
  while (!spool.accepting()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(strict(3));
  loop_.run_and_wait([&] { writer.reset(); });
  spool.close();
  const SpoolStats end = spool.stats();
  const std::uint64_t asked = number - 100 + 3;
  EXPECT_EQ(end.records_durable + end.lost() + end.records_refused, asked) << "every record is accounted for";
  SpoolReaderStats stats;
  EXPECT_EQ(read_numbers(options.directory, &stats).size(), end.records_durable);
  EXPECT_EQ(stats.corrupt_bytes, 0u) << "half-written records were taken back";
}

TEST(SpoolFaultTest, ABlockedSpoolWithOnlyStrictCallersComesBack) {
  TemporaryDirectory directory;
  SpoolOptions options{.directory = directory.path() / "spool"};
  options.segment_bytes = 1 << 10;
  options.disk_limit_bytes = 70 << 10;  // the probe needs 64 KiB
  auto opened = Spool::open(options);
  ASSERT_TRUE(opened);
  Spool& spool = **opened;
  rt::Loop loop("test");
  std::optional<SpoolWriter> writer;
  loop.run_and_wait([&] { writer.emplace(spool, loop); });
  std::uint64_t number = 0;
  Result<> kept;
  do {
    kept = rt::block_on<Result<>>(loop, [&] { return writer->append_durable(plain_record(++number)); });
  } while (kept);
  EXPECT_FALSE(spool.accepting());
  spool.release(spool.rotate());
  spool.release(spool.durable_end());
  while (!spool.accepting()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  kept = rt::block_on<Result<>>(loop, [&] { return writer->append_durable(plain_record(++number)); });
  EXPECT_TRUE(kept);
  loop.run_and_wait([&] { writer.reset(); });
}

TEST(SpoolFaultTest, SegmentsStayUntilWhatWasMadeOfThemIsOnTheDisk) {
  testing_support::World world;
  const auto ingest = [&world](std::uint64_t number) {
    testing_support::OwnedRecord record;
    record.number = number;
    record.started_us = testing_support::recent_midnight_us();
    world.ingest({record});
  };
  const auto segments = [&world] {
    return spool_format::list_segments(world.spool_options_.directory).size();
  };
  const std::string log = world.store_options_.file.string() + "-wal";
  ingest(1);
  ASSERT_TRUE(std::filesystem::remove(log)) << "the database's log, whose synchronisation fails without it";
  world.spool().rotate();
  ingest(2);
  EXPECT_EQ(segments(), 2u);
  std::ofstream(log).put('x');
  ingest(3);
  // Another batch lets the store look again, also if it counted the last as indexed before it released.
  ingest(4);
  EXPECT_EQ(segments(), 1u);
  EXPECT_EQ(world.list_numbers({}).size(), 4u);
}

TEST(SpoolFaultTest, StoreSkipsDamageAndCountsIt) {
  testing_support::World world;
  std::vector<testing_support::OwnedRecord> records(50);
  for (std::uint64_t i = 0; i < records.size(); ++i) {
    records[i].number = i + 1;
    records[i].started_us = testing_support::recent_midnight_us();
  }
  // Written while no store was there to read, then damaged in the middle.
  world.close();
  {
    auto spool = Spool::open(world.spool_options_);
    ASSERT_TRUE(spool);
    rt::Loop loop("other");
    loop.run_and_wait([&] {
      SpoolWriter writer(**spool, loop);
      for (const auto& record : records) writer.append(record.view());
    });
  }
  const auto segments = spool_format::list_segments(world.spool_options_.directory);
  const std::filesystem::path path =
      spool_format::segment_path(world.spool_options_.directory, segments.back());
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    file.write("damage", 6);
  }
  world.open();
  ASSERT_TRUE(world.store().wait_indexed(20'000));
  EXPECT_EQ(world.list_numbers({}).size(), 49u);
  EXPECT_EQ(world.store().stats().corrupt_regions, 1u);
  EXPECT_GT(world.store().stats().corrupt_bytes, 0u);
}

}  // namespace
}  // namespace slipway::telemetry
