// SPDX-License-Identifier: Apache-2.0
#include "net/response_parser.h"

#include <boost/beast/http/error.hpp>

namespace slipway::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kFieldCount = 256;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorCode::kUnavailable, "the answer is not valid HTTP/1.1: " + std::string(why), {},
              "check that the base URL points to an HTTP API (http or https, host, port)");
}

}  // namespace

ResponseParser::ResponseParser(MessageBuffer& head, std::size_t header_bytes, bool bodiless)
    : head_(head), header_bytes_(header_bytes), start_(head.begin), wire_(head.begin) {
  head_.headers.clear();
  skip(bodiless);
  body_limit(boost::none);
  header_limit(static_cast<std::uint32_t>(header_bytes));
}

Result<bool> ResponseParser::parse_header() {
  Failure error;
  if (wire_ < head_.end) {
    wire_ += put(boost::asio::const_buffer(head_.data() + wire_, head_.end - wire_), error);
    if (error && error != http::error::need_more) {
      if (error == http::error::header_limit) return malformed("its headers are too large");
      return malformed(error.message());
    }
  }
  if (wire_ - start_ > header_bytes_ || (!is_header_done() && head_.end - start_ > header_bytes_))
    return malformed("its headers exceed " + std::to_string(header_bytes_) + " bytes");
  if (!is_header_done()) return false;
  done_ = length_known_ = is_done();
  if (done_) return true;
  if (const auto length = content_length()) {
    length_known_ = true;
    remaining_ = *length;
  } else {
    until_close_ = !chunked();
  }
  return true;
}

void ResponseParser::make_room() {
  constexpr std::size_t kRoom = 4u << 10;
  if (head_.room() >= kRoom) return;
  head_.grow(std::max(head_.capacity() * 2, kRoom * 2),
             [this](const char* from, const char* to) { head_.headers.rebase(from, to); });
}

void ResponseParser::on_field_impl(http::field field, Text name, Text value, Failure& error) {
  const std::string_view text = view(value);
  const char* const base = head_.data();
  const bool folded = !text.empty() && (text.data() < base || text.data() >= base + head_.capacity());
  if (folded) {
    error = http::error::bad_obs_fold;
  } else if (head_.headers.all().size() >= kFieldCount) {
    error = http::error::header_limit;
  } else if (field == http::field::transfer_encoding && !same_name(text, "chunked")) {
    error = http::error::bad_transfer_encoding;
  } else {
    head_.headers.add(view(name), text.empty() ? std::string_view(base, 0) : text);
  }
}

Result<std::string_view> ResponseParser::take_body(MessageBuffer& area, std::size_t& wire) {
  const std::string_view unread(area.data() + wire, area.end - wire);
  if (done_ || unread.empty()) return std::string_view{};
  if (until_close_) {
    wire = area.end;
    return unread;
  }
  if (length_known_) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, unread.size()));
    remaining_ -= size;
    wire += size;
    done_ = remaining_ == 0;
    return unread.substr(0, size);
  }
  const ChunkDecoder::Step step = chunks_.decode(unread, nullptr);
  wire += step.consumed;
  if (chunks_.failed()) return malformed("its chunked body is malformed");
  done_ = chunks_.done();
  return std::string_view(chunks_.first(), step.body);
}

bool ResponseParser::finish_at_eof() {
  if (until_close_) done_ = true;
  return done_;
}

}  // namespace slipway::net
