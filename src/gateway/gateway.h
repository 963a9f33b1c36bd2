// SPDX-License-Identifier: Apache-2.0
// The gateway of one loop: /v1/… of OpenAI's API. Everything here runs on that loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "gateway/snapshot.h"
#include "llm/openai_scan.h"
#include "net/client.h"
#include "net/server.h"
#include "rt/loop.h"
#include "rt/task_group.h"
#include "telemetry/metrics.h"
#include "telemetry/spool.h"

namespace slipway::gateway {

class Call;
class CallListener;
struct LocalCall;

struct GatewayLimits {
  std::uint32_t max_concurrent = 4'096;  // calls of this loop
  std::size_t body_bytes = 16u << 20;
  std::size_t response_bytes = 32u << 20;
  std::size_t event_bytes = 1u << 20;    // one server-sent event
  std::size_t capture_bytes = 1u << 20;  // of each body kept in a record
  std::size_t json_depth = 64;
  std::uint32_t keep_alive_comment_ms =
      15'000;  // silence before a comment is sent to a streaming client; 0: never
  std::uint32_t unauthenticated_records_per_second = 100;  // more are only counted
  bool accept_traceparent = true;
};

// What a loop lends its gateway; all outlive it.
struct GatewayParts {
  rt::Loop& loop;
  net::Client& client;
  telemetry::SpoolWriter& spool;
  telemetry::MetricsShard& metrics;
  rt::TaskGroup& tasks;
  Logger log;
  GatewayLimits limits;
  std::uint32_t shard = 0;  // of what loops count apart: a number of the loop's own
};

enum class Operation : std::uint8_t { kChat, kEmbeddings, kListModels };
std::string_view to_string(Operation operation);  // OpenTelemetry: "chat", "embeddings", "list_models"

// A name that can be called, and where it leads. The connection lives as long as its snapshot.
struct ModelName {
  std::string name;
  std::string upstream_model;
  const Connection* connection = nullptr;
};

class Gateway {
 public:
  Gateway(GatewayParts parts, std::shared_ptr<const Snapshot> snapshot);

  // New calls see `snapshot`; calls in flight keep theirs. On the loop.
  void publish(std::shared_ptr<const Snapshot> snapshot);

  // Serves a request whose path begins with /v1/.
  rt::Task<void> handle(net::Exchange& exchange);
  // A chat completion on behalf of a signed-in person: `key` stands in for a real one and `body` for the
  // request's. Streams end with `event: slipway.summary` before [DONE].
  rt::Task<void> handle_playground(net::Exchange& exchange, std::shared_ptr<const Key> key, std::string body);
  // A chat completion that begins in this process; `listener` hears what was recorded. See local_call.h.
  rt::Task<void> handle_local(net::Exchange& exchange, const LocalCall& local, CallListener& listener);
  // Every name that can be called in an environment of `keep`, sorted; asks providers that serve anything for
  // their lists.
  rt::Task<std::vector<ModelName>> list_models(std::shared_ptr<const Snapshot> keep,
                                               const Environment& environment);
  // Records a request that was refused before it reached a handler (malformed, too large, too slow).
  void record_early_refusal(int http_status, std::string_view code, std::string_view sentence);

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  [[nodiscard]] const GatewayParts& parts() const { return parts_; }
  [[nodiscard]] llm::OpenAiScanner& scanner() { return scanner_; }
  [[nodiscard]] std::uint32_t& in_flight() { return in_flight_; }

  // Reused buffers, so that a call's bodies need no fresh memory.
  [[nodiscard]] std::string take_buffer();
  void give_buffer(std::string buffer);

  // False when records without a key come faster than the limit allows.
  bool may_record_unauthenticated(std::int64_t now_us);

 private:
  rt::Task<void> serve(net::Exchange& exchange, Operation operation, std::shared_ptr<const Key> key,
                       std::string_view body, bool summary);
  static rt::Task<void> walk(Call& call);  // down the line
  rt::Task<void> serve_models(net::Exchange& exchange);
  // The provider's own list, at most a minute old; empty if it gives none.
  rt::Task<std::vector<std::string>> upstream_models(std::shared_ptr<const Snapshot> keep,
                                                     const Connection& connection);

  struct ModelCache {
    std::int64_t fetched_ns = 0;
    std::vector<std::string> names;
  };

  GatewayParts parts_;
  // A snapshot pointer of this loop's own: its reference count is never shared with another core.
  std::shared_ptr<const std::shared_ptr<const Snapshot>> snapshot_;
  llm::OpenAiScanner scanner_;
  std::uint32_t in_flight_ = 0;
  std::vector<std::string> buffers_;
  StringMap<ModelCache> model_cache_;
  std::int64_t unauthenticated_second_ = 0;
  std::uint32_t unauthenticated_count_ = 0;
};

}  // namespace slipway::gateway
