// SPDX-License-Identifier: Apache-2.0
#include "gateway/summary.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"

namespace slipway::gateway {

namespace {

std::string count(std::int64_t tokens) { return tokens < 0 ? "null" : std::to_string(tokens); }

}  // namespace

void append_summary_event(const Call& call, std::string& out) {
  const telemetry::Usage& usage = call.usage;
  const double duration_ms = static_cast<double>(mono_now_ns() - call.exchange.received_ns()) / 1e6;
  std::string first_token = "null";
  if (call.first_token_ns != 0)
    first_token =
        fmt::format("{:.3f}", static_cast<double>(call.first_token_ns - call.exchange.received_ns()) / 1e6);
  std::string model;
  append_json_string(model, call.response_model);
  out += fmt::format(
      "event: slipway.summary\n"
      R"(data: {{"invocation_id":"{}","usage":{{"input":{},"cache_read":{},"cache_write":{},"output":{},)"
      R"("reasoning":{},"audio_input":{},"audio_output":{},"estimated":{}}},"cost_usd":{},"duration_ms":{:.3f},)"
      R"("first_token_ms":{},"response_model":{}}})"
      "\n\n",
      std::string_view(call.id_text.data(), call.id_text.size()), count(usage.input), count(usage.cache_read),
      count(usage.cache_write), count(usage.output), count(usage.reasoning), count(usage.audio_input),
      count(usage.audio_output), usage.estimated,
      call.cost_nano == telemetry::kUnknownCost ? std::string("null")
                                                : '"' + format_usd(call.cost_nano) + '"',
      duration_ms, first_token, model);
}

}  // namespace slipway::gateway
