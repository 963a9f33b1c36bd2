// SPDX-License-Identifier: Apache-2.0
// Measures the telemetry path: what an append costs a loop, how many records a second become durable and
// queryable, how far the store is behind meanwhile, and how fast Overview answers over many invocations.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "rt/block_on.h"
#include "rt/loop.h"
#include "telemetry/query.h"
#include "telemetry/spool.h"
#include "telemetry/store.h"

namespace slipway::telemetry {
namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

struct Options {
  std::filesystem::path directory;
  std::uint64_t accept_records = 300'000;
  std::uint64_t index_records = 200'000;
  std::uint64_t strict_records = 2'000;
  std::uint64_t overview_records = 1'000'000;
  std::size_t body_bytes = 1024;
  std::uint32_t days = 30;
  bool keep = false;
};

double seconds_since(std::int64_t begun_ns) { return static_cast<double>(mono_now_ns() - begun_ns) / 1e9; }

// Processor time of all threads, for what a busy machine can't distort.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double rss_mb() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  in >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "%s\n", error.describe().c_str());
  std::exit(1);
}
template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(*result);
}

void row(const std::string& what, const std::string& value, const std::string& goal = {}) {
  std::printf("| %-52s | %22s | %-16s |\n", what.c_str(), value.c_str(), goal.c_str());
  std::fflush(stdout);
}
std::string text(const char* format, double value) {
  char out[64];
  std::snprintf(out, sizeof(out), format, value);
  return out;
}

// Bodies of prose-like words, so that compression and the word index have realistic work.
class Source {
 public:
  explicit Source(std::size_t body_bytes) : random_(1) {
    for (int i = 0; i < 4000; ++i) {
      std::string word;
      for (std::uint64_t n = random_() % 8 + 2; n > 0; --n) word += static_cast<char>('a' + random_() % 26);
      words_.push_back(word);
    }
    for (std::size_t i = 0; i < kBodies; ++i) {
      requests_[i] =
          R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":")" + prose(body_bytes) + "\"}]}";
      responses_[i] =
          R"({"id":"chatcmpl-1","choices":[{"index":0,"message":{"role":"assistant","content":")" +
          prose(body_bytes) + R"("},"finish_reason":"stop"}]})";
    }
    for (int i = 0; i < 20; ++i) keys_.push_back("key-" + std::to_string(i));
    for (int i = 0; i < 500; ++i) users_.push_back("user-" + std::to_string(i));
  }

  // A call of one of 20 keys, 5 use cases, 3 environments and 4 models.
  InvocationRecord next(std::int64_t ended_us, bool bodies) {
    static constexpr std::string_view kUseCases[] = {"support", "search", "summaries", "translation",
                                                     "coding"};
    static constexpr std::string_view kEnvironments[] = {"prod", "prod", "preprod", "dev"};
    static constexpr std::string_view kModels[] = {"gpt-4o-mini", "gpt-4o", "claude-sonnet", "simulated"};
    const std::uint64_t dice = ids_.random();
    const std::size_t key = dice % keys_.size();
    InvocationRecord record;
    record.id = ids_.next();
    id_text_ = record.id.to_string();
    trace_text_ = "0af7651916cd43dd8448eb211c80319c";
    for (std::size_t i = 0; i < 16; ++i) trace_text_[i] = "0123456789abcdef"[(dice >> (4 * i)) & 15];
    record.duration_us = static_cast<std::int64_t>(50'000 + dice % 3'000'000);
    record.started_us = ended_us - record.duration_us;
    record.stream = dice % 2 == 0;
    record.first_token_us = record.stream ? record.duration_us / 5 : -1;
    record.upstream_us = record.duration_us - 90;
    record.connect_us = 0;
    record.queue_us = 45;
    record.status = (dice >> 20) % 50 == 0 ? static_cast<Status>((dice >> 30) % kStatusCount) : Status::kOk;
    record.http_status = record.status == Status::kOk ? 200 : 502;
    record.upstream_status = record.http_status;
    record.attempts = 1;
    record.operation = "chat";
    record.surface = "openai";
    record.use_case = kUseCases[key % 5];
    record.environment = kEnvironments[key % 4];
    record.key_id = keys_[key];
    record.key_name = keys_[key];
    const std::size_t model = (dice >> 8) % 2 + key % 3;
    record.provider = model == 2 ? "anthropic" : model == 3 ? "simulated" : "openai";
    record.connection = record.provider;
    record.requested_model = record.response_model = kModels[model];
    record.finish_reason = "stop";
    record.request_id = id_text_;
    record.trace_id = trace_text_;
    record.span_id = std::string_view(trace_text_).substr(0, 16);
    record.end_user = users_[(dice >> 16) % users_.size()];
    record.peer = "127.0.0.1";
    record.user_agent = "OpenAI/Python 1.99.1";
    record.usage.input = static_cast<std::int64_t>(dice % 2000);
    record.usage.cache_read = 0;
    record.usage.cache_write = 0;
    record.usage.output = static_cast<std::int64_t>((dice >> 11) % 800);
    record.usage.reasoning = 0;
    record.cost_nano = record.usage.input * 150 + record.usage.output * 600;
    if (bodies) {
      record.request_body = requests_[(dice >> 24) % kBodies];
      record.response_body = responses_[(dice >> 34) % kBodies];
    }
    return record;
  }

 private:
  static constexpr std::size_t kBodies = 512;
  std::string prose(std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) {
      out += words_[random_() % words_.size()];
      out += ' ';
    }
    out.resize(bytes);
    return out;
  }
  std::mt19937_64 random_;
  UuidGenerator ids_;
  std::vector<std::string> words_, keys_, users_;
  std::array<std::string, kBodies> requests_, responses_;
  std::string id_text_, trace_text_;
};

class Bench {
 public:
  explicit Bench(Options options) : options_(std::move(options)), source_(options_.body_bytes / 2) {
    StoreOptions store;
    store.file = options_.directory / "telemetry.db";
    store_options_ = store;
    spool_ = must(Spool::open({.directory = options_.directory / "spool"}));
    loop_.run_and_wait([&] { writer_.emplace(*spool_, loop_); });
  }
  ~Bench() {
    loop_.run_and_wait([&] { writer_.reset(); });
    query_.reset();
    store_.reset();
    spool_.reset();
  }

  void run() {
    std::printf("| %-52s | %22s | %-16s |\n|%s|%s|%s|\n", "telemetry", "measured", "to reach",
                std::string(54, '-').c_str(), (std::string(23, '-') + ":").c_str(),
                std::string(18, '-').c_str());
    accept();
    strict();
    store_ = must(TelemetryStore::open(store_options_, *spool_));
    if (!store_->wait_indexed(3'600'000)) give_up({ErrorCode::kInternal, store_->stats().last_error, {}, {}});
    index();
    overview();
    row("RSS at the end", text("%.1f MB", rss_mb()));
  }

 private:
  // Appends from the loop, in slices, never further ahead of the disk than half the queue.
  void append(std::uint64_t count, bool bodies, std::uint64_t slice,
              const std::function<std::int64_t()>& started_us) {
    for (std::uint64_t done = 0; done < count;) {
      const std::uint64_t now = std::min(slice, count - done);
      loop_.run_and_wait([&] {
        for (std::uint64_t i = 0; i < now; ++i) {
          const InvocationRecord record = source_.next(started_us(), bodies);
          const std::int64_t begun = mono_now_ns();
          writer_->append(record);
          append_ns_.push_back(
              static_cast<std::uint32_t>(std::min<std::int64_t>(mono_now_ns() - begun, 1u << 30)));
        }
      });
      done += now;
      while (spool_->stats().queued_bytes > (32u << 20))
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    loop_.run_and_wait([&] { writer_->flush(); });
  }

  void accept() {
    append_ns_.clear();
    const double cpu_before = cpu_seconds();
    const std::int64_t begun = mono_now_ns();
    append(options_.accept_records, true, 2000, [] { return unix_now_us(); });
    spool_->sync();
    const double took = seconds_since(begun);
    const SpoolStats stats = spool_->stats();
    std::sort(append_ns_.begin(), append_ns_.end());
    row("durably accepted, " + std::to_string(options_.body_bytes) + " bytes of bodies",
        text("%.0f records/s", static_cast<double>(stats.records_durable) / took), ">= 30,000");
    row("  processor time a record, all threads",
        text("%.1f us", (cpu_seconds() - cpu_before) / static_cast<double>(stats.records_durable) * 1e6));
    row("  an append on the loop, median", text("%.2f us", append_ns_[append_ns_.size() / 2] / 1e3), "~1");
    row("  an append on the loop, p99", text("%.2f us", append_ns_[append_ns_.size() * 99 / 100] / 1e3));
    row("  bytes a record in the spool",
        text("%.0f", static_cast<double>(stats.bytes_written) / static_cast<double>(stats.records_written)));
    row("  fdatasync calls, longest", std::to_string(stats.syncs) + ", " +
                                          text("%.1f ms", static_cast<double>(stats.longest_sync_us) / 1e3));
    row("  lost", std::to_string(stats.lost()), "0");
    row("  RSS", text("%.1f MB", rss_mb()));
  }

  void strict() {
    const std::int64_t begun = mono_now_ns();
    std::vector<std::int64_t> waits;
    rt::block_on<void>(loop_, [&] { return strict_calls(waits); });
    std::sort(waits.begin(), waits.end());
    row("strict append, one after the other",
        text("%.0f records/s", static_cast<double>(waits.size()) / seconds_since(begun)));
    row("  wait for the disk, median", text("%.0f us", static_cast<double>(waits[waits.size() / 2]) / 1e3));
    row("  wait for the disk, p99",
        text("%.0f us", static_cast<double>(waits[waits.size() * 99 / 100]) / 1e3));
  }

  rt::Task<void> strict_calls(std::vector<std::int64_t>& waits) {
    for (std::uint64_t i = 0; i < options_.strict_records; ++i) {
      const InvocationRecord record = source_.next(unix_now_us(), true);
      const std::int64_t begun = mono_now_ns();
      const Result<> kept = co_await writer_->append_durable(record);
      if (!kept) give_up(kept.error());
      waits.push_back(mono_now_ns() - begun);
    }
  }

  // Records arrive as fast as the spool takes them while the store indexes.
  void index() {
    const std::uint64_t before = store_->stats().records_indexed;
    const double cpu_before = cpu_seconds();
    row("indexed so far, from the spool's backlog", std::to_string(before));
    append_ns_.clear();
    const std::int64_t begun = mono_now_ns();
    append(options_.index_records, true, 2000, [] { return unix_now_us(); });
    const double appended = seconds_since(begun);
    const StoreStats behind = store_->stats();
    must(store_->wait_indexed(3'600'000) ? Result<int>(0)
                                         : fail(ErrorCode::kInternal, store_->stats().last_error));
    const double took = seconds_since(begun);
    row("made queryable, while appending",
        text("%.0f records/s", static_cast<double>(store_->stats().records_indexed - before) / took),
        ">= 10,000");
    row("  processor time a record, all threads",
        text("%.1f us", (cpu_seconds() - cpu_before) / static_cast<double>(options_.index_records) * 1e6));
    row("  lag when the last was appended", text("%.2f s", static_cast<double>(behind.lag_us) / 1e6) + ", " +
                                                std::to_string(behind.records_behind));
    row("  caught up after the last append", text("%.2f s", took - appended));
    row("  database", text("%.0f MB", static_cast<double>(store_->stats().database_bytes) / 1e6));
    row("  RSS", text("%.1f MB", rss_mb()));
    steady();
  }

  // At a third of the required rate: what lag a console sees.
  void steady() {
    std::int64_t worst = 0;
    for (int i = 0; i < 100; ++i) {
      append(100, true, 100, [] { return unix_now_us(); });
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      worst = std::max(worst, store_->stats().lag_us);
    }
    row("  largest lag at about 3,000 records/s", text("%.2f s", static_cast<double>(worst) / 1e6));
    store_->wait_indexed(600'000);
  }

  void overview() {
    query_ = must(TelemetryQuery::open({.file = store_options_.file}));
    const std::int64_t now = unix_now_us();
    const std::int64_t from = now - std::int64_t{options_.days} * kDayUs;
    const double step = static_cast<double>(now - from) /
                        static_cast<double>(std::max<std::uint64_t>(options_.overview_records, 1));
    double at = static_cast<double>(from);
    append_ns_.clear();
    const std::int64_t begun = mono_now_ns();
    const double before_mb = rss_mb();
    double peak_mb = before_mb;
    for (std::uint64_t done = 0; done < options_.overview_records;) {
      const std::uint64_t now_count = std::min<std::uint64_t>(100'000, options_.overview_records - done);
      append_ns_.clear();
      append(now_count, false, 2000, [&] { return static_cast<std::int64_t>(at += step); });
      done += now_count;
      peak_mb = std::max(peak_mb, rss_mb());
      while (store_->stats().backlog_bytes > (512u << 20))
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    store_->wait_indexed(3'600'000);
    row("ingested without bodies over " + std::to_string(options_.days) + " days",
        std::to_string(options_.overview_records));
    row("  rate",
        text("%.0f records/s", static_cast<double>(options_.overview_records) / seconds_since(begun)));
    row("  RSS before, highest, after",
        text("%.1f", before_mb) + ", " + text("%.1f", peak_mb) + ", " + text("%.1f MB", rss_mb()));
    row("  database", text("%.0f MB", static_cast<double>(store_->stats().database_bytes) / 1e6));
    const std::uint64_t total = query_->last_sequence().value_or(0);
    const std::string over = "Overview over " + std::to_string(total) + " invocations, ";
    const TimeRange all{from, now + kDayUs / 24};
    time_overview(over + "all days", {.range = all, .filters = {}}, "<= 150 ms");
    time_overview("  split by model",
                  {.range = all, .filters = {}, .group_by = Dimension::kModel, .group_series = false},
                  "<= 150 ms");
    time_overview("  split by key",
                  {.range = all, .filters = {}, .group_by = Dimension::kKey, .group_series = false},
                  "<= 150 ms");
    time_overview("  split by use case, 6 hours a point",
                  {.range = all, .filters = {}, .group_by = Dimension::kUseCase, .step_us = kDayUs / 4},
                  "<= 150 ms");
    time_overview("  one key only",
                  {.range = all,
                   .filters = {.key_id = {"key-3"}},
                   .group_by = Dimension::kModel,
                   .group_series = false},
                  "<= 150 ms");
    time_overview(
        "  last 24 hours by model",
        {.range = {now - kDayUs, now}, .filters = {}, .group_by = Dimension::kModel, .group_series = false},
        "<= 150 ms");
    time_overview(
        "  last 7 days by key",
        {.range = {now - 7 * kDayUs, now}, .filters = {}, .group_by = Dimension::kKey, .group_series = false},
        "<= 150 ms");
    InvocationFilters filters;
    time_list("list: newest 100", filters);
    filters.use_case = {"coding"};
    filters.status = {Status::kUpstreamError};
    time_list("list: one use case, one failure", filters);
    filters = {};
    filters.end_user = "user-77";
    time_list("list: one end user", filters);
    filters = {};
    filters.text = "zzzunknownword";
    time_list("list: a word that never occurs, one page", filters);
  }

  void time_overview(const std::string& what, const OverviewRequest& request, const std::string& goal) {
    std::vector<double> times;
    for (int i = 0; i < 7; ++i) {
      const std::int64_t begun = mono_now_ns();
      const Overview answer = must(query_->overview(request));
      times.push_back(seconds_since(begun) * 1e3);
      if (answer.totals.requests == 0) give_up({ErrorCode::kInternal, "the overview is empty", {}, {}});
    }
    report(what, times, goal);
  }
  void time_list(const std::string& what, const InvocationFilters& filters) {
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
      const std::int64_t begun = mono_now_ns();
      must(query_->list(filters, {}, 100));
      times.push_back(seconds_since(begun) * 1e3);
    }
    report(what, times, {});
  }
  static void report(const std::string& what, std::vector<double> times, const std::string& goal) {
    const double first = times.front();
    std::sort(times.begin(), times.end());
    row(what, text("%.1f ms", times[times.size() / 2]) + text(" (first %.1f)", first), goal);
  }

  Options options_;
  StoreOptions store_options_;
  Source source_;
  rt::Loop loop_{"bench"};
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<TelemetryStore> store_;
  std::unique_ptr<TelemetryQuery> query_;
  std::optional<SpoolWriter> writer_;
  std::vector<std::uint32_t> append_ns_;
};

}  // namespace
}  // namespace slipway::telemetry

int main(int argc, char** argv) {
  slipway::telemetry::Options options;
  CLI::App app("Measures the telemetry path.");
  app.add_option("--directory", options.directory, "Where to write (default: a temporary directory)");
  app.add_option("--accept", options.accept_records, "Records of the accept measurement");
  app.add_option("--index", options.index_records, "Records of the index measurement");
  app.add_option("--strict", options.strict_records, "Strict records, one after the other");
  app.add_option("--overview", options.overview_records, "Records without bodies before Overview is timed");
  app.add_option("--days", options.days, "Days they are spread over");
  app.add_option("--body-bytes", options.body_bytes, "Request and response together");
  app.add_flag("--keep", options.keep, "Leave the directory behind");
  CLI11_PARSE(app, argc, argv);
  if (options.directory.empty()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "slipway-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return 1;
    options.directory = pattern;
  }
  const std::filesystem::path directory = options.directory;
  const bool keep = options.keep;
  {
    slipway::telemetry::Bench bench(std::move(options));
    bench.run();
  }
  if (!keep) std::filesystem::remove_all(directory);
  return 0;
}
