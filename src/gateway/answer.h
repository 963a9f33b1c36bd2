// SPDX-License-Identifier: Apache-2.0
// What every answer of the gateway carries.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "gateway/call.h"

namespace slipway::gateway {

// Headers of one answer, without an allocation. Views into the call, which must outlive it.
class AnswerHeaders {
 public:
  AnswerHeaders(const Call& call, std::string_view content_type, std::uint32_t retry_after_s = 0);
  AnswerHeaders(const AnswerHeaders&) = delete;
  AnswerHeaders& operator=(const AnswerHeaders&) = delete;
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] std::span<const net::Header> all() const { return {headers_.data(), count_}; }

 private:
  std::array<net::Header, 8> headers_{};
  std::size_t count_ = 0;
  std::array<char, 16> retry_after_{};
};

}  // namespace slipway::gateway
