// SPDX-License-Identifier: Apache-2.0
// W3C Trace Context (https://www.w3.org/TR/trace-context/): accepted from the client, passed on upstream.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/ids.h"

namespace slipway::gateway {

// Fixed-size texts, so that a call's trace ids need no allocation.
struct TraceContext {
  std::array<char, 32> trace_id{};
  std::array<char, 16> span_id{};         // ours
  std::array<char, 16> parent_span_id{};  // the caller's
  bool has_parent = false;
  std::array<char, 55> header{};  // the traceparent that goes upstream

  [[nodiscard]] std::string_view trace() const { return {trace_id.data(), trace_id.size()}; }
  [[nodiscard]] std::string_view span() const { return {span_id.data(), span_id.size()}; }
  [[nodiscard]] std::string_view parent() const {
    return has_parent ? std::string_view{parent_span_id.data(), parent_span_id.size()} : std::string_view{};
  }
  [[nodiscard]] std::string_view traceparent() const { return {header.data(), header.size()}; }
};

// Continues the caller's trace if `traceparent` is well-formed (an ill-formed one is ignored, as the
// recommendation says), else starts one, sampled.
TraceContext continue_trace(std::string_view traceparent, UuidGenerator& ids);

}  // namespace slipway::gateway
