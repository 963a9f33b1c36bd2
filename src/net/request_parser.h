// SPDX-License-Identifier: Apache-2.0
// One incoming request, parsed in place: header views and the joined body point into the message's buffer.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/chunk_decoder.h"
#include "net/message_buffer.h"
#include "net/server.h"

namespace slipway::net {

// Why a request is answered without its handler. The connection is closed afterwards.
struct Refusal {
  int status = 400;
  std::string_view code;  // stable, machine-readable
  std::string sentence;
};

// Beast's grammar for the head, over our storage. Everything from the buffer's `begin` on belongs to this
// request until it is complete; what follows is the next request's.
class RequestParser final : private boost::beast::http::basic_parser<true> {
 public:
  enum class Progress : std::uint8_t { kNeedMore, kComplete, kRefused };

  RequestParser(MessageBuffer& buffer, const ServerLimits& limits);

  // Looks at what has arrived since the last call. `may_move` is false while a read into the buffer's end is
  // under way: then nothing is moved inside it.
  Progress advance(bool may_move);
  // How large the buffer should be for the next read; room for a whole body of known length.
  [[nodiscard]] std::size_t wanted_capacity() const;
  // Grows the buffer to that, taking the views along.
  void make_room();

  [[nodiscard]] bool started() const { return started_; }  // a byte of this request has come
  [[nodiscard]] bool header_done() const { return header_done_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  [[nodiscard]] bool http_10() const { return version_ == 10; }
  [[nodiscard]] bool keeps_alive() const { return keep_alive(); }
  [[nodiscard]] std::string_view method() const { return method_; }
  [[nodiscard]] std::string_view target() const { return target_; }
  [[nodiscard]] std::string_view body() const {
    return {buffer_.data() + body_begin_, body_end_ - body_begin_};
  }
  [[nodiscard]] std::size_t header_end() const { return body_begin_; }
  // Where the next request begins. Valid when complete.
  [[nodiscard]] std::size_t end() const { return wire_; }
  [[nodiscard]] Refusal& refusal() { return refusal_; }

 private:
  using Text = boost::beast::string_view;
  using Failure = boost::beast::error_code;
  void on_request_impl(boost::beast::http::verb verb, Text method, Text target, int version,
                       Failure& error) override;
  void on_response_impl(int, Text, int, Failure&) override {}
  void on_field_impl(boost::beast::http::field field, Text name, Text value, Failure& error) override;
  void on_header_impl(Failure&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Failure&) override {}
  std::size_t on_body_impl(Text, Failure&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Failure&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Failure&) override { return 0; }
  void on_finish_impl(Failure&) override {}

  Progress refuse(int status, std::string_view code, std::string sentence);
  Progress refuse_for(const Failure& error);
  Progress refuse_oversized_header();
  [[nodiscard]] bool names_other_version();
  Progress advance_header();
  Progress finish_header();
  Progress advance_chunks(bool may_move);

  MessageBuffer& buffer_;
  const ServerLimits& limits_;
  std::string_view method_;
  std::string_view target_;
  std::size_t start_ = 0;  // of this request, after empty lines before it
  std::size_t wire_ = 0;   // everything before has been parsed
  std::size_t body_begin_ = 0;
  std::size_t body_end_ = 0;  // of what has been joined so far, or of the whole body if its length is known
  std::uint32_t host_count_ = 0;
  int version_ = 11;
  bool started_ = false;
  bool header_done_ = false;
  bool chunked_ = false;
  ChunkDecoder chunks_;
  bool expects_continue_ = false;
  std::optional<Refusal> reason_;  // set inside a callback that stops the parser
  Refusal refusal_;
};

}  // namespace slipway::net
