// SPDX-License-Identifier: Apache-2.0
// One incoming response, parsed in place. Private to net.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/chunk_decoder.h"
#include "net/message_buffer.h"

namespace slipway::net {

// Beast's grammar for the head, over a caller's buffer: first parse_header() until it is done, then
// take_body().
class ResponseParser final : private boost::beast::http::basic_parser<false> {
 public:
  // `bodiless`: the answer to HEAD.
  ResponseParser(MessageBuffer& head, std::size_t header_bytes, bool bodiless);

  // Looks at the bytes that arrived in the head's buffer. True when the header is complete; interim (1xx)
  // answers are skipped. kUnavailable for what is not HTTP.
  Result<bool> parse_header();
  void make_room();  // for more of the header

  // Takes body bytes from [wire, end) of `area`, joined where the first of them lie; moves `wire` behind what
  // was parsed. Empty when there is nothing yet, or nothing more (done()).
  Result<std::string_view> take_body(MessageBuffer& area, std::size_t& wire);
  // The connection has been closed. True if that is how this body ends.
  [[nodiscard]] bool finish_at_eof();

  [[nodiscard]] bool started() const { return head_.end > start_; }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool keeps_alive() const { return keep_alive(); }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::size_t header_end() const { return wire_; }
  // Bytes of the body still to come, if its length was said.
  [[nodiscard]] bool length_known() const { return length_known_; }
  [[nodiscard]] std::uint64_t remaining() const { return remaining_; }

 private:
  using Text = boost::beast::string_view;
  using Failure = boost::beast::error_code;
  void on_request_impl(boost::beast::http::verb, Text, Text, int, Failure&) override {}
  void on_response_impl(int status, Text, int, Failure&) override { status_ = status; }
  void on_field_impl(boost::beast::http::field field, Text name, Text value, Failure& error) override;
  void on_header_impl(Failure&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Failure&) override {}
  std::size_t on_body_impl(Text, Failure&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Failure&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Failure&) override { return 0; }
  void on_finish_impl(Failure&) override {}

  MessageBuffer& head_;
  std::size_t header_bytes_;
  std::size_t start_;
  std::size_t wire_;
  int status_ = 0;
  std::uint64_t remaining_ = 0;
  ChunkDecoder chunks_;
  bool length_known_ = false;
  bool until_close_ = false;
  bool done_ = false;
};

}  // namespace slipway::net
