// SPDX-License-Identifier: Apache-2.0
// How a server connection writes its answers.
#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "net/server_connection.h"

namespace slipway::net {
namespace {

constexpr std::size_t kFlat = 16u << 10;  // up to here a copy is cheaper than a gathered write

void append_number(std::string& out, std::uint64_t value, int base = 10) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value, base).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// "HTTP/1.1 200 OK\r\n"
void append_status_line(std::string& out, int status) {
  if (status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.push_back(' ');
  out.append(reason_phrase(status));
  out.append("\r\n");
}

bool bodiless(int status) { return status < 200 || status == 204 || status == 304; }

// Fields that say how the message is framed are ours to write.
bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 4: return same_name(name, "date");
    case 10: return same_name(name, "connection") || same_name(name, "keep-alive");
    case 14: return same_name(name, "content-length");
    case 17: return same_name(name, "transfer-encoding");
    default: return false;
  }
}

Pieces one_piece(std::string_view bytes) { return {ConstBuffer(bytes.data(), bytes.size()), {}, {}}; }

}  // namespace

std::string_view ServerShared::date_line() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[64];
    // The C locale's names: nothing here ever calls setlocale().
    const std::size_t size = std::strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    date_.assign(text, size);
  }
  return date_;
}

void ServerShared::append_refusal(std::string& out, int status, std::string_view code,
                                  std::string_view sentence, bool without_body) {
  std::string body;
  std::string_view type = "application/json";
  if (options.format_refusal) {
    body = options.format_refusal(status, code, sentence);
  } else {
    type = "application/problem+json";
    body = R"({"type":"about:blank","title":)";
    append_json_string(body, reason_phrase(status));
    body += R"(,"status":)";
    append_number(body, static_cast<std::uint64_t>(status));
    body += R"(,"code":)";
    append_json_string(body, code);
    body += R"(,"detail":)";
    append_json_string(body, sentence);
    body += "}\n";
  }
  append_status_line(out, status);
  out.append(date_line());
  out.append("Connection: close\r\nContent-Type: ").append(type).append("\r\nContent-Length: ");
  append_number(out, body.size());
  out.append("\r\n\r\n");
  if (!without_body) out.append(body);
}

Result<> ServerConnection::check(std::span<const Header> headers) const {
  if (answer_ != Answer::kNone) return fail(ErrorCode::kInternal, "this request has been answered already");
  if (gone_) return gone();
  for (const Header& field : headers) {
    if (field.name.empty() || breaks_lines(field.name) || breaks_lines(field.value))
      return fail(ErrorCode::kInvalidArgument, "a header of the answer holds a line break",
                  std::string(field.name));
  }
  return {};
}

std::unexpected<Error> ServerConnection::gone() const {
  if (timed_out_) return fail(ErrorCode::kDeadlineExceeded, "the client does not read its answer", peer_);
  return fail(ErrorCode::kCancelled, "the client has left", peer_);
}

// Status line and fields, without the framing fields and the empty line.
void ServerConnection::append_head(int status, std::span<const Header> headers) {
  out_.clear();
  append_status_line(out_, status);
  out_.append(shared_.date_line());
  for (const Header& field : headers) {
    if (is_framing(field.name)) {
      if (same_name(field.name, "connection") && same_name(field.value, "close")) keep_alive_ = false;
      continue;
    }
    out_.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (shared_.draining) keep_alive_ = false;
}

rt::Task<Result<>> ServerConnection::send(int status, std::span<const Header> headers,
                                          std::string_view body) {
  if (Result<> checked = check(headers); !checked) co_return checked;
  answer_ = Answer::kWhole;
  append_head(status, headers);
  if (!bodiless(status)) {
    out_.append("Content-Length: ");
    append_number(out_, body.size());
    out_.append("\r\n");
  } else {
    no_body_ = true;
  }
  if (!keep_alive_)
    out_.append("Connection: close\r\n");
  else if (parser_->http_10())
    out_.append("Connection: keep-alive\r\n");
  out_.append("\r\n");
  Pieces pieces;
  if (no_body_ || body.size() <= kFlat) {
    if (!no_body_) out_.append(body);
    pieces = one_piece(out_);
  } else {
    pieces = {ConstBuffer(out_.data(), out_.size()), ConstBuffer(body.data(), body.size()), ConstBuffer{}};
  }
  ErrorCondition error;
  const std::size_t written = transport_->write_now(pieces, error);
  if (error) {
    gone_ = true;
    co_return gone();
  }
  if (written == pieces[0].size() + pieces[1].size()) co_return Result<>{};
  Result<> rest = co_await write_rest(pieces, written);
  co_return rest;
}

rt::Task<Result<>> ServerConnection::start(int status, std::span<const Header> headers) {
  if (Result<> checked = check(headers); !checked) co_return checked;
  answer_ = Answer::kStreaming;
  append_head(status, headers);
  if (bodiless(status)) {
    no_body_ = true;
  } else if (parser_->http_10()) {
    keep_alive_ = false;
  } else {
    chunked_answer_ = true;
    out_.append("Transfer-Encoding: chunked\r\n");
  }
  if (!keep_alive_)
    out_.append("Connection: close\r\n");
  else if (parser_->http_10())
    out_.append("Connection: keep-alive\r\n");
  out_.append("\r\n");
  if (transport_->secure()) {
    Result<> rest = co_await write_rest(one_piece(out_), 0);
    co_return rest;
  }
  // If the handler writes its first piece without waiting for anything, head and piece leave together.
  head_pending_ = true;
  rt::asio::post(shared_.loop.executor(),
                 [self = boost::intrusive_ptr<ServerConnection>(this)] { self->flush_head(); });
  co_return Result<>{};
}

void ServerConnection::flush_head() {
  if (!head_pending_ || gone_ || phase_ != Phase::kHandling) return;
  ErrorCondition error;
  const std::size_t written = transport_->write_now(one_piece(out_), error);
  if (error) {
    gone_ = true;
    return;
  }
  // A client that does not even take the head gets the rest with the first piece.
  out_.erase(0, written);
  head_pending_ = !out_.empty();
}

rt::Task<Result<>> ServerConnection::write(std::string_view piece) {
  if (answer_ != Answer::kStreaming) co_return fail(ErrorCode::kInternal, "write() without start()");
  if (gone_) co_return gone();
  if (piece.empty() || no_body_) co_return Result<>{};
  if (!std::exchange(head_pending_, false)) out_.clear();
  if (chunked_answer_) {
    append_number(out_, piece.size(), 16);
    out_.append("\r\n");
  }
  Pieces pieces;
  if (piece.size() <= kFlat) {
    out_.append(piece);
    if (chunked_answer_) out_.append("\r\n");
    pieces = one_piece(out_);
  } else {
    pieces = {ConstBuffer(out_.data(), out_.size()), ConstBuffer(piece.data(), piece.size()),
              ConstBuffer("\r\n", chunked_answer_ ? 2 : 0)};
  }
  ErrorCondition error;
  const std::size_t written = transport_->write_now(pieces, error);
  if (error) {
    gone_ = true;
    co_return gone();
  }
  if (written == rt::asio::buffer_size(pieces)) co_return Result<>{};
  Result<> rest = co_await write_rest(pieces, written);
  co_return rest;
}

rt::Task<Result<>> ServerConnection::finish() {
  if (answer_ != Answer::kStreaming) co_return fail(ErrorCode::kInternal, "finish() without start()");
  if (gone_) co_return gone();
  answer_ = Answer::kFinished;
  if (!std::exchange(head_pending_, false)) out_.clear();
  if (chunked_answer_ && !no_body_) out_.append("0\r\n\r\n");
  if (out_.empty()) co_return Result<>{};
  ErrorCondition error;
  const std::size_t written = transport_->write_now(one_piece(out_), error);
  if (error) {
    gone_ = true;
    co_return gone();
  }
  if (written == out_.size()) co_return Result<>{};
  Result<> rest = co_await write_rest(one_piece(out_), written);
  co_return rest;
}

// Writes what the kernel did not take at once. The clock starts anew with every byte taken.
rt::Task<Result<>> ServerConnection::write_rest(Pieces pieces, std::size_t written) {
  for (const ConstBuffer& piece : pieces) {
    ConstBuffer left = piece + std::min(written, piece.size());
    written -= std::min(written, piece.size());
    while (left.size() > 0) {
      shared_.loop.timers().arm(write_deadline_, shared_.options.limits.write_timeout_ms);
      const WriteResult result = co_await transport_->write_some(left);
      write_deadline_.disarm();
      if (result.error || gone_) {
        gone_ = true;
        co_return gone();
      }
      left += result.size;
    }
  }
  co_return Result<>{};
}

}  // namespace slipway::net
