// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <unordered_map>

#include "telemetry/indexer.h"

namespace slipway::telemetry {

namespace {

// Upper bounds of the buckets in microseconds; the last bucket is +Inf.
constexpr std::array<std::int64_t, 16> kBoundsUs = {
    1'000,   2'500,     5'000,     10'000,    25'000,     50'000,     100'000,    250'000,
    500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000, 300'000'000};
constexpr std::size_t kBuckets = kBoundsUs.size() + 1;
constexpr std::string_view kTokenClasses[7] = {"input",     "cache_read",  "cache_write", "output",
                                               "reasoning", "audio_input", "audio_output"};

// One writer, any number of readers: a relaxed load and store instead of a locked instruction.
class Count {
 public:
  void add(std::uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct Histogram {
  std::array<Count, kBuckets> buckets;
  Count sum_us;
  void add(std::int64_t us) {
    const auto at = std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), us) - kBoundsUs.begin();
    buckets[static_cast<std::size_t>(at)].add(1);
    sum_us.add(static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)));
  }
};

struct Labels {
  std::string use_case, environment, provider, model;
  auto operator<=>(const Labels&) const = default;
};

struct Series {
  Labels labels;
  Series* next = nullptr;  // set before the series is published
  std::array<Count, kStatusCount> requests;
  Histogram duration;
  Histogram first_token;
  std::array<Count, 7> tokens;
  Count cost_nano;
  Count unknown_cost;
};

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
}

void append_number(std::string& out, double value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof(text), value);
  out.append(text, end.ptr);
}

// Nano-dollars as dollars and microseconds as seconds, exactly.
void append_scaled(std::string& out, std::uint64_t value, int digits) {
  std::string text = std::to_string(value);
  const auto places = static_cast<std::size_t>(digits);
  if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
  text.insert(text.size() - places, 1, '.');
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  out += text;
}

// What all shards say about one set of labels.
struct Sum {
  std::array<std::uint64_t, kStatusCount> requests{};
  std::array<std::uint64_t, kBuckets> duration{}, first_token{};
  std::uint64_t duration_sum = 0, first_token_sum = 0;
  std::array<std::uint64_t, 7> tokens{};
  std::uint64_t cost_nano = 0, unknown_cost = 0;

  void add(const Series& series) {
    for (std::size_t i = 0; i < requests.size(); ++i) requests[i] += series.requests[i].get();
    for (std::size_t i = 0; i < kBuckets; ++i) {
      duration[i] += series.duration.buckets[i].get();
      first_token[i] += series.first_token.buckets[i].get();
    }
    duration_sum += series.duration.sum_us.get();
    first_token_sum += series.first_token.sum_us.get();
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] += series.tokens[i].get();
    cost_nano += series.cost_nano.get();
    unknown_cost += series.unknown_cost.get();
  }
};

void append_head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
}

std::string label_text(const Labels& labels) {
  std::string out;
  const std::pair<std::string_view, const std::string*> all[] = {{"use_case", &labels.use_case},
                                                                 {"environment", &labels.environment},
                                                                 {"provider", &labels.provider},
                                                                 {"model", &labels.model}};
  for (const auto& [name, value] : all) {
    if (!out.empty()) out += ',';
    out.append(name).append("=\"");
    append_escaped(out, *value);
    out += '"';
  }
  return out;
}

void append_histogram(std::string& out, std::string_view name, const std::string& labels,
                      const std::array<std::uint64_t, kBuckets>& buckets, std::uint64_t sum_us) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets[i];
    out.append(name).append("_bucket{").append(labels).append(",le=\"");
    if (i < kBoundsUs.size())
      append_scaled(out, static_cast<std::uint64_t>(kBoundsUs[i]), 6);
    else
      out += "+Inf";
    out.append("\"} ").append(std::to_string(seen)).append("\n");
  }
  out.append(name).append("_sum{").append(labels).append("} ");
  append_scaled(out, sum_us, 6);
  out.append("\n").append(name).append("_count{").append(labels).append("} ");
  out.append(std::to_string(seen)).append("\n");
}

}  // namespace

struct MetricsShard::State {
  std::uint32_t series_limit = 0;
  std::unordered_map<std::string, std::unique_ptr<Series>> by_key;  // loop thread only
  std::atomic<Series*> newest{nullptr};                             // the list that scrapes walk
  std::string key;                                                  // reused
  Count started, ended;

  Series& find(const InvocationRecord& record) {
    const std::string_view model = effective_model(record);
    key.clear();
    for (const std::string_view part : {record.use_case, record.environment, record.provider, model}) {
      key += part;
      key += '\0';
    }
    if (const auto known = by_key.find(key); known != by_key.end()) return *known->second;
    if (by_key.size() < series_limit)
      return add(key, {std::string(record.use_case), std::string(record.environment),
                       std::string(record.provider), std::string(model)});
    static constexpr std::string_view kOther = "\x01other";
    if (const auto known = by_key.find(std::string(kOther)); known != by_key.end()) return *known->second;
    return add(std::string(kOther), {"other", "other", "other", "other"});
  }

  Series& add(const std::string& at, Labels labels) {
    auto series = std::make_unique<Series>();
    series->labels = std::move(labels);
    series->next = newest.load(std::memory_order_relaxed);
    Series* const raw = series.get();
    by_key.emplace(at, std::move(series));
    newest.store(raw, std::memory_order_release);
    return *raw;
  }
};

MetricsShard::MetricsShard(std::uint32_t series_limit) : state_(std::make_unique<State>()) {
  state_->series_limit = series_limit;
}
MetricsShard::~MetricsShard() = default;

void MetricsShard::record(const InvocationRecord& record) {
  Series& series = state_->find(record);
  const auto status = static_cast<std::size_t>(record.status);
  series.requests[status < kStatusCount ? status : kStatusCount - 1].add(1);
  series.duration.add(record.duration_us);
  if (record.first_token_us >= 0) series.first_token.add(record.first_token_us);
  const Usage& usage = record.usage;
  const std::int64_t tokens[7] = {usage.input,     usage.cache_read,  usage.cache_write, usage.output,
                                  usage.reasoning, usage.audio_input, usage.audio_output};
  for (std::size_t i = 0; i < 7; ++i) {
    if (tokens[i] > 0) series.tokens[i].add(static_cast<std::uint64_t>(tokens[i]));
  }
  if (record.cost_nano < 0)
    series.unknown_cost.add(1);
  else
    series.cost_nano.add(static_cast<std::uint64_t>(record.cost_nano));
}

void MetricsShard::call_started() { state_->started.add(1); }
void MetricsShard::call_ended() { state_->ended.add(1); }

struct Metrics::State {
  struct Callback {
    Kind kind;
    std::string name, help, labels;
    std::function<double()> value;
  };
  std::uint32_t series_limit = 0;
  mutable std::mutex mutex;
  std::vector<std::unique_ptr<MetricsShard>> shards;
  std::vector<Callback> callbacks;  // samples of one name side by side
};

Metrics::Metrics(std::uint32_t series_limit) : state_(std::make_unique<State>()) {
  state_->series_limit = series_limit;
}
Metrics::~Metrics() = default;

MetricsShard& Metrics::make_shard() {
  const std::lock_guard lock(state_->mutex);
  return *state_->shards.emplace_back(std::make_unique<MetricsShard>(state_->series_limit));
}

void Metrics::add_callback(Kind kind, std::string name, std::string help, MetricLabels labels,
                           std::function<double()> value) {
  std::string text;
  for (const auto& [label, content] : labels) {
    if (!text.empty()) text += ',';
    text += label + "=\"";
    append_escaped(text, content);
    text += '"';
  }
  const std::lock_guard lock(state_->mutex);
  auto& all = state_->callbacks;
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const auto& c) { return c.name == name; });
  all.insert(last == all.rend() ? all.end() : last.base(),
             {kind, std::move(name), std::move(help), std::move(text), std::move(value)});
}

std::string Metrics::expose() const {
  const std::lock_guard lock(state_->mutex);
  std::map<Labels, Sum> sums;
  std::uint64_t running = 0;
  for (const auto& shard : state_->shards) {
    const MetricsShard::State& state = *shard->state_;
    for (const Series* series = state.newest.load(std::memory_order_acquire); series != nullptr;
         series = series->next)
      sums[series->labels].add(*series);
    const std::uint64_t ended = state.ended.get();
    const std::uint64_t started = state.started.get();
    running += started > ended ? started - ended : 0;
  }
  std::vector<std::pair<std::string, const Sum*>> rows;
  for (const auto& [labels, sum] : sums) rows.emplace_back(label_text(labels), &sum);

  std::string out;
  append_head(out, "slipway_requests_total", "counter", "Model-facing calls by outcome.");
  for (const auto& [labels, sum] : rows) {
    for (std::size_t i = 0; i < kStatusCount; ++i) {
      if (sum->requests[i] == 0) continue;
      out.append("slipway_requests_total{").append(labels).append(",status=\"");
      out.append(to_string(static_cast<Status>(i))).append("\"} ").append(std::to_string(sum->requests[i])) +=
          '\n';
    }
  }
  append_head(out, "slipway_request_duration_seconds", "histogram", "Request read to last byte written.");
  for (const auto& [labels, sum] : rows)
    append_histogram(out, "slipway_request_duration_seconds", labels, sum->duration, sum->duration_sum);
  append_head(out, "slipway_first_token_seconds", "histogram", "Request read to first content byte sent on.");
  for (const auto& [labels, sum] : rows)
    append_histogram(out, "slipway_first_token_seconds", labels, sum->first_token, sum->first_token_sum);
  append_head(out, "slipway_tokens_total", "counter", "Tokens by class; classes do not overlap.");
  for (const auto& [labels, sum] : rows) {
    for (std::size_t i = 0; i < 7; ++i) {
      if (sum->tokens[i] == 0) continue;
      out.append("slipway_tokens_total{").append(labels).append(",class=\"").append(kTokenClasses[i]);
      out.append("\"} ").append(std::to_string(sum->tokens[i])) += '\n';
    }
  }
  append_head(out, "slipway_cost_usd_total", "counter", "Known cost in US dollars.");
  for (const auto& [labels, sum] : rows) {
    out.append("slipway_cost_usd_total{").append(labels).append("} ");
    append_scaled(out, sum->cost_nano, 9);
    out += '\n';
  }
  append_head(out, "slipway_unknown_cost_requests_total", "counter", "Calls whose price is not known.");
  for (const auto& [labels, sum] : rows) {
    out.append("slipway_unknown_cost_requests_total{").append(labels).append("} ");
    out.append(std::to_string(sum->unknown_cost)) += '\n';
  }
  append_head(out, "slipway_requests_in_flight", "gauge", "Calls begun and not yet ended.");
  out.append("slipway_requests_in_flight ").append(std::to_string(running)) += '\n';
  std::string_view previous;
  for (const State::Callback& callback : state_->callbacks) {
    if (callback.name != previous)
      append_head(out, callback.name, callback.kind == Kind::kGauge ? "gauge" : "counter", callback.help);
    previous = callback.name;
    out += callback.name;
    if (!callback.labels.empty()) out.append("{").append(callback.labels).append("}");
    out += ' ';
    append_number(out, callback.value());
    out += '\n';
  }
  return out;
}

void add_telemetry_metrics(Metrics& metrics, const Spool& spool, const TelemetryStore& store) {
  using Kind = Metrics::Kind;
  const auto of_spool = [&](Kind kind, const char* name, const char* help, MetricLabels labels, auto read) {
    metrics.add_callback(kind, name, help, std::move(labels),
                         [&spool, read] { return static_cast<double>(read(spool.stats())); });
  };
  const auto of_store = [&](Kind kind, const char* name, const char* help, auto read) {
    metrics.add_callback(kind, name, help, {},
                         [&store, read] { return static_cast<double>(read(store.stats())); });
  };
  of_spool(Kind::kCounter, "slipway_spool_records_durable_total", "Records on disk in the spool.", {},
           [](const SpoolStats& s) { return s.records_durable; });
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string reason = i == 0 ? "queue_full" : std::string(to_string(static_cast<SpoolBlock>(i)));
    of_spool(Kind::kCounter, "slipway_spool_records_lost_total", "Records that could not be kept.",
             {{"reason", reason}}, [i](const SpoolStats& s) { return s.records_lost[i]; });
  }
  of_spool(Kind::kCounter, "slipway_spool_records_refused_total",
           "Strict records refused; the caller was told.", {},
           [](const SpoolStats& s) { return s.records_refused; });
  of_spool(Kind::kGauge, "slipway_spool_queued_bytes", "Handed over and not yet written.", {},
           [](const SpoolStats& s) { return s.queued_bytes; });
  of_spool(Kind::kGauge, "slipway_spool_disk_bytes", "All segments together.", {},
           [](const SpoolStats& s) { return s.disk_bytes; });
  of_spool(Kind::kGauge, "slipway_spool_blocked", "1 while the spool takes nothing.", {},
           [](const SpoolStats& s) { return s.blocked == SpoolBlock::kNone ? 0 : 1; });
  of_spool(Kind::kGauge, "slipway_spool_last_sync_seconds", "Duration of the last fdatasync.", {},
           [](const SpoolStats& s) { return static_cast<double>(s.last_sync_us) / 1e6; });
  of_spool(Kind::kGauge, "slipway_spool_corrupt_tail_bytes", "Cut from the last segment at start.", {},
           [](const SpoolStats& s) { return s.corrupt_tail_bytes; });
  of_store(Kind::kCounter, "slipway_telemetry_records_indexed_total", "Records made queryable.",
           [](const StoreStats& s) { return s.records_indexed; });
  of_store(Kind::kGauge, "slipway_telemetry_backlog_bytes", "Durable and not yet queryable.",
           [](const StoreStats& s) { return s.backlog_bytes; });
  of_store(Kind::kGauge, "slipway_telemetry_lag_seconds", "Age of the oldest record not yet queryable.",
           [](const StoreStats& s) { return static_cast<double>(s.lag_us) / 1e6; });
  of_store(Kind::kGauge, "slipway_telemetry_database_bytes", "Used pages of the telemetry database.",
           [](const StoreStats& s) { return s.database_bytes; });
  of_store(Kind::kCounter, "slipway_telemetry_corrupt_regions_total",
           "Damaged places of the spool that were skipped.",
           [](const StoreStats& s) { return s.corrupt_regions; });
}

}  // namespace slipway::telemetry
