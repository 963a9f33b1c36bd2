// SPDX-License-Identifier: Apache-2.0
// Counters and histograms for Prometheus. Each loop writes its own shard with plain relaxed stores (one
// writer, no contention); a scrape adds the shards up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/record.h"
#include "telemetry/spool.h"
#include "telemetry/store.h"

namespace slipway::telemetry {

class MetricsShard;

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Metrics {
 public:
  // At most `series_limit` combinations of use case, environment, provider and model are told apart by each
  // shard; what comes after is counted with these labels set to "other".
  explicit Metrics(std::uint32_t series_limit = 1000);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // One per loop; lives as long as the registry. Any thread.
  MetricsShard& make_shard();

  // A value asked for at each scrape, from the scraping thread: it must be cheap and thread-safe. The name
  // carries its unit ("slipway_spool_queued_bytes"). Samples of one name must be registered with the same
  // help. Any thread.
  enum class Kind : std::uint8_t { kGauge, kCounter };
  void add_callback(Kind kind, std::string name, std::string help, MetricLabels labels,
                    std::function<double()> value);

  // The text exposition format 0.0.4. Any thread.
  [[nodiscard]] std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Registers what the spool and the store tell about themselves; both must outlive the registry's last scrape.
void add_telemetry_metrics(Metrics& metrics, const Spool& spool, const TelemetryStore& store);

class MetricsShard {
 public:
  explicit MetricsShard(std::uint32_t series_limit);
  ~MetricsShard();
  MetricsShard(const MetricsShard&) = delete;
  MetricsShard& operator=(const MetricsShard&) = delete;

  // Loop thread only; a hash lookup and a few stores.
  void record(const InvocationRecord& record);
  // Calls begun and not yet ended on this loop. Loop thread only.
  void call_started();
  void call_ended();

 private:
  friend class Metrics;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::telemetry
