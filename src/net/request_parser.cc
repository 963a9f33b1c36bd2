// SPDX-License-Identifier: Apache-2.0
#include "net/request_parser.h"

#include <boost/beast/http/error.hpp>
#include <utility>

namespace slipway::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kFirstRead = 8u << 10;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool could_start_method(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

RequestParser::RequestParser(MessageBuffer& buffer, const ServerLimits& limits)
    : buffer_(buffer), limits_(limits), start_(buffer.begin), wire_(buffer.begin) {
  buffer_.headers.clear();
  body_limit(boost::none);  // checked here, where the answer can say more
  header_limit(static_cast<std::uint32_t>(limits.header_bytes));
}

RequestParser::Progress RequestParser::advance(bool may_move) {
  if (!header_done_) {
    const Progress progress = advance_header();
    if (progress != Progress::kComplete) return progress;
  }
  if (chunked_) return advance_chunks(may_move);
  if (buffer_.end < body_end_) return Progress::kNeedMore;
  wire_ = body_end_;
  return Progress::kComplete;
}

RequestParser::Progress RequestParser::advance_header() {
  if (!started_) {
    // RFC 9112 §2.2: be lenient about empty lines before a request.
    while (wire_ < buffer_.end && (buffer_.data()[wire_] == '\r' || buffer_.data()[wire_] == '\n')) ++wire_;
    if (wire_ == buffer_.end) return Progress::kNeedMore;
    start_ = wire_;
    started_ = true;
    if (!could_start_method(buffer_.data()[wire_])) {
      return refuse(400, "malformed_request",
                    "This is not an HTTP request. If the client speaks TLS, this port does not.");
    }
  }
  Failure error;
  if (wire_ < buffer_.end) {
    wire_ += put(boost::asio::const_buffer(buffer_.data() + wire_, buffer_.end - wire_), error);
    if (error && error != http::error::need_more) return refuse_for(error);
  }
  if (is_header_done()) {
    if (wire_ - start_ > limits_.header_bytes) return refuse_oversized_header();
    return finish_header();
  }
  if (buffer_.end - start_ > limits_.header_bytes) return refuse_oversized_header();
  return Progress::kNeedMore;
}

RequestParser::Progress RequestParser::finish_header() {
  header_done_ = true;
  body_begin_ = body_end_ = wire_;
  if (version_ == 11 && host_count_ != 1) {
    return refuse(
        400, "malformed_request",
        host_count_ == 0 ? "The request has no Host header." : "The request has more than one Host header.");
  }
  if (method_ == "CONNECT") return refuse(501, "not_implemented", "This server is not a tunnel: no CONNECT.");
  chunked_ = chunked();
  if (chunked_ && version_ == 10)
    return refuse(400, "malformed_request", "HTTP/1.0 has no Transfer-Encoding; send a Content-Length.");
  if (const auto length = content_length()) {
    if (*length > limits_.body_bytes) {
      return refuse(413, "body_too_large",
                    "The body has " + std::to_string(*length) + " bytes; the limit is " +
                        std::to_string(limits_.body_bytes) + ".");
    }
    body_end_ += static_cast<std::size_t>(*length);
  }
  return Progress::kComplete;
}

RequestParser::Progress RequestParser::advance_chunks(bool may_move) {
  const std::string_view unread(buffer_.data() + wire_, buffer_.end - wire_);
  const ChunkDecoder::Step step = chunks_.decode(unread, buffer_.data() + body_end_);
  wire_ += step.consumed;
  body_end_ += step.body;
  if (chunks_.announced() > limits_.body_bytes) {
    return refuse(413, "body_too_large",
                  "The body has more than the limit of " + std::to_string(limits_.body_bytes) + " bytes.");
  }
  if (chunks_.failed()) return refuse(400, "malformed_request", "The chunked body is malformed.");
  if (chunks_.done()) return Progress::kComplete;
  if (may_move && wire_ > body_end_) {
    // Closes the gap that the chunk framing left, so that the body grows no faster than its content.
    const std::size_t rest = buffer_.end - wire_;
    if (rest > 0) std::memmove(buffer_.data() + body_end_, buffer_.data() + wire_, rest);
    wire_ = body_end_;
    buffer_.end = body_end_ + rest;
  }
  return Progress::kNeedMore;
}

std::size_t RequestParser::wanted_capacity() const {
  if (!header_done_ || chunked_) {
    // Room for at least half a read more; doubling keeps the copying linear.
    if (buffer_.capacity() >= buffer_.end + kFirstRead / 2) return buffer_.capacity();
    return std::max(kFirstRead, buffer_.capacity() * 2);
  }
  return body_end_;
}

void RequestParser::make_room() {
  buffer_.grow(wanted_capacity(), [this](const char* from, const char* to) {
    buffer_.headers.rebase(from, to);
    if (!method_.empty()) method_ = {to + (method_.data() - from), method_.size()};
    if (!target_.empty()) target_ = {to + (target_.data() - from), target_.size()};
  });
}

void RequestParser::on_request_impl(http::verb, Text method, Text target, int version, Failure&) {
  method_ = view(method);
  target_ = view(target);
  version_ = version;
}

void RequestParser::on_field_impl(http::field field, Text name, Text value, Failure& error) {
  const std::string_view text = view(value);
  const char* const base = buffer_.data();
  if (!text.empty() && (text.data() < base || text.data() >= base + buffer_.capacity())) {
    // Beast joined a folded line in its own memory. RFC 9112 §5.2 lets a server refuse them, and it should.
    reason_ = Refusal{400, "malformed_request", "Header lines must not be folded."};
    error = http::error::bad_obs_fold;
    return;
  }
  if (buffer_.headers.all().size() >= limits_.header_count) {
    reason_ =
        Refusal{431, "too_many_headers",
                "The request has more than " + std::to_string(limits_.header_count) + " header fields."};
    error = http::error::header_limit;
    return;
  }
  buffer_.headers.add(view(name), text.empty() ? std::string_view(base, 0) : text);
  switch (field) {
    case http::field::host: ++host_count_; break;
    case http::field::expect:
      if (same_name(text, "100-continue")) {
        expects_continue_ = true;
      } else {
        reason_ =
            Refusal{417, "expectation_failed", "The only expectation this server meets is 100-continue."};
        error = http::error::bad_value;
      }
      break;
    case http::field::transfer_encoding:
      // Anything but exactly "chunked" is read differently by different servers: the stuff of request
      // smuggling.
      if (!same_name(text, "chunked")) {
        reason_ = Refusal{501, "not_implemented", "The only transfer coding this server reads is chunked."};
        error = http::error::bad_transfer_encoding;
      }
      break;
    default: break;
  }
}

RequestParser::Progress RequestParser::refuse(int status, std::string_view code, std::string sentence) {
  refusal_ = Refusal{status, code, std::move(sentence)};
  return Progress::kRefused;
}

RequestParser::Progress RequestParser::refuse_oversized_header() {
  const std::string limit = std::to_string(limits_.header_bytes);
  if (target_.empty() || target_.size() > limits_.header_bytes / 2)
    return refuse(414, "target_too_long", "The request line and headers are limited to " + limit + " bytes.");
  return refuse(431, "headers_too_large", "The headers are limited to " + limit + " bytes.");
}

// Beast calls everything behind the target a bad version; only another version deserves to be told so.
bool RequestParser::names_other_version() {
  const std::string_view seen(buffer_.data() + start_, buffer_.end - start_);
  const std::size_t at = seen.find(" HTTP/");
  if (at == std::string_view::npos || at + 7 > seen.size()) return false;
  const std::string_view version = seen.substr(at + 6, 3);
  return version.front() >= '0' && version.front() <= '9' && version != "1.1" && version != "1.0";
}

RequestParser::Progress RequestParser::refuse_for(const Failure& error) {
  if (reason_) {
    refusal_ = std::move(*reason_);
    return Progress::kRefused;
  }
  if (error == http::error::header_limit) return refuse_oversized_header();
  if (error == http::error::bad_version && names_other_version()) {
    return refuse(505, "http_version_not_supported", "This server speaks HTTP/1.1 and HTTP/1.0.");
  }
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length ||
      error == http::error::bad_transfer_encoding) {
    return refuse(400, "malformed_request",
                  "Content-Length or Transfer-Encoding is malformed, repeated or in conflict.");
  }
  return refuse(400, "malformed_request", "The request is not valid HTTP/1.1: " + error.message() + ".");
}

}  // namespace slipway::net
