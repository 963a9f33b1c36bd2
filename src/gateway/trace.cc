// SPDX-License-Identifier: Apache-2.0
#include "gateway/trace.h"

#include <algorithm>

namespace slipway::gateway {

namespace {

constexpr char kDigits[] = "0123456789abcdef";

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

void write_hex(std::uint64_t value, char* out16) {
  for (int i = 15; i >= 0; --i, value >>= 4) out16[i] = kDigits[value & 15];
}

// version "00", trace id, parent id, flags; later versions may append, separated by '-' (§3.2.2).
bool well_formed(std::string_view text) {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  if (!is_lower_hex(version) || version == "ff") return false;
  if (version == "00" ? text.size() != 55 : text.size() > 55 && text[55] != '-') return false;
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  return is_lower_hex(trace) && is_lower_hex(parent) && is_lower_hex(text.substr(53, 2)) && !is_zero(trace) &&
         !is_zero(parent);
}

}  // namespace

TraceContext continue_trace(std::string_view traceparent, UuidGenerator& ids) {
  TraceContext context;
  std::string_view flags = "01";
  if (well_formed(traceparent)) {
    std::ranges::copy(traceparent.substr(3, 32), context.trace_id.begin());
    std::ranges::copy(traceparent.substr(36, 16), context.parent_span_id.begin());
    context.has_parent = true;
    flags = traceparent.substr(53, 2);
  } else {
    write_hex(ids.random(), context.trace_id.data());
    write_hex(ids.random() | 1, context.trace_id.data() + 16);
  }
  write_hex(ids.random() | 1, context.span_id.data());
  char* out = context.header.data();
  const auto put = [&out](std::string_view text) { out = std::ranges::copy(text, out).out; };
  put("00-");
  put(context.trace());
  put("-");
  put(context.span());
  put("-");
  put(flags);
  return context;
}

}  // namespace slipway::gateway
