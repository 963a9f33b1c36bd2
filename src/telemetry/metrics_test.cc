// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <atomic>
#include <thread>

#include "base/text.h"
#include "telemetry/test_support.h"

namespace slipway::telemetry {
namespace {

using testing_support::plain_record;

// The value of the sample whose line begins with `series` followed by a space; "" if there is none.
std::string sample(const std::string& text, const std::string& series) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(series + " ")) return std::string(line.substr(series.size() + 1));
  }
  return {};
}

constexpr const char* kLabels =
    R"(use_case="support",environment="prod",provider="simulated",model="model-a")";

TEST(MetricsTest, AddsUpShards) {
  Metrics metrics;
  MetricsShard& a = metrics.make_shard();
  MetricsShard& b = metrics.make_shard();
  InvocationRecord record = plain_record(1);
  record.duration_us = 1'500;
  record.cost_nano = 1'250'000'000;
  a.record(record);
  b.record(record);
  record.status = Status::kUpstreamError;
  record.duration_us = 400'000'000;
  record.first_token_us = 20'000;
  record.cost_nano = kUnknownCost;
  b.record(record);
  a.call_started();
  a.call_started();
  a.call_ended();
  const std::string text = metrics.expose();
  const std::string labels = kLabels;
  EXPECT_EQ(sample(text, "slipway_requests_total{" + labels + ",status=\"ok\"}"), "2");
  EXPECT_EQ(sample(text, "slipway_requests_total{" + labels + ",status=\"upstream_error\"}"), "1");
  EXPECT_EQ(sample(text, "slipway_request_duration_seconds_bucket{" + labels + ",le=\"0.001\"}"), "0");
  EXPECT_EQ(sample(text, "slipway_request_duration_seconds_bucket{" + labels + ",le=\"0.0025\"}"), "2");
  EXPECT_EQ(sample(text, "slipway_request_duration_seconds_bucket{" + labels + ",le=\"300\"}"), "2");
  EXPECT_EQ(sample(text, "slipway_request_duration_seconds_bucket{" + labels + ",le=\"+Inf\"}"), "3");
  EXPECT_EQ(sample(text, "slipway_request_duration_seconds_sum{" + labels + "}"), "400.003");
  EXPECT_EQ(sample(text, "slipway_first_token_seconds_count{" + labels + "}"), "1");
  EXPECT_EQ(sample(text, "slipway_tokens_total{" + labels + ",class=\"output\"}"), "60");
  EXPECT_EQ(sample(text, "slipway_cost_usd_total{" + labels + "}"), "2.5");
  EXPECT_EQ(sample(text, "slipway_unknown_cost_requests_total{" + labels + "}"), "1");
  EXPECT_EQ(sample(text, "slipway_requests_in_flight"), "1");
}

TEST(MetricsTest, CardinalityIsBounded) {
  Metrics metrics(3);
  MetricsShard& shard = metrics.make_shard();
  for (int i = 0; i < 50; ++i) {
    const std::string model = "model-" + std::to_string(i);
    InvocationRecord record = plain_record(1);
    record.response_model = model;
    shard.record(record);
  }
  const std::string text = metrics.expose();
  EXPECT_EQ(sample(text, R"(slipway_requests_total{use_case="other",environment="other",provider="other",)"
                         R"(model="other",status="ok"})"),
            "47");
  EXPECT_EQ(text.find("model-3\""), std::string::npos);
}

TEST(MetricsTest, AMadeUpModelNameIsNoLabel) {
  Metrics metrics;
  InvocationRecord record = plain_record(1);
  record.provider = {};
  record.response_model = {};
  record.requested_model = "whatever a client typed";
  record.status = Status::kClientError;
  metrics.make_shard().record(record);
  EXPECT_EQ(metrics.expose().find("whatever"), std::string::npos);
}

TEST(MetricsTest, CallbacksAreGroupedAndEscaped) {
  Metrics metrics;
  metrics.add_callback(Metrics::Kind::kGauge, "slipway_loop_lag_seconds", "Lag.", {{"loop", "a\"b\\"}},
                       [] { return 0.25; });
  metrics.add_callback(Metrics::Kind::kCounter, "slipway_things_total", "Things.", {}, [] { return 7.0; });
  metrics.add_callback(Metrics::Kind::kGauge, "slipway_loop_lag_seconds", "Lag.", {{"loop", "1"}},
                       [] { return 1; });
  const std::string text = metrics.expose();
  EXPECT_NE(text.find("# HELP slipway_loop_lag_seconds Lag.\n# TYPE slipway_loop_lag_seconds gauge\n"
                      "slipway_loop_lag_seconds{loop=\"a\\\"b\\\\\"} 0.25\n"
                      "slipway_loop_lag_seconds{loop=\"1\"} 1\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(sample(text, "slipway_things_total"), "7");
}

TEST(MetricsTest, ScrapingWhileCountingSeesWholeNumbers) {
  Metrics metrics(10'000);
  MetricsShard& shard = metrics.make_shard();
  std::atomic<bool> stop{false};
  std::thread loop([&] {
    for (int i = 0; i < 3000; ++i) {
      const std::string model = "model-" + std::to_string(i % 500);
      InvocationRecord record = plain_record(1);
      record.response_model = model;
      shard.record(record);
    }
    stop = true;
  });
  while (!stop) {
    EXPECT_TRUE(metrics.expose().ends_with("\n"));
  }
  loop.join();
  std::uint64_t sum = 0;
  const std::string text = metrics.expose();
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("slipway_requests_total{"))
      sum += parse_integer<std::uint64_t>(line.substr(line.rfind(' ') + 1)).value();
  }
  EXPECT_EQ(sum, 3000u);
}

}  // namespace
}  // namespace slipway::telemetry
