// SPDX-License-Identifier: Apache-2.0
// The course of one request: connect, send, wait for the headers, read the body, give the connection back.
#include "net/client_call.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <charconv>
#include <utility>

#include "base/clock.h"

namespace slipway::net {
namespace {

namespace asio = rt::asio;

constexpr std::size_t kSmallRoom = 2u << 10;
constexpr std::size_t kBodyArea = 64u << 10;

// Fields that say how the message is framed and where it goes are ours to write.
bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 4: return same_name(name, "host");
    case 10: return same_name(name, "connection");
    case 14: return same_name(name, "content-length");
    case 17: return same_name(name, "transfer-encoding");
    default: return false;
  }
}

}  // namespace

ClientCall::ClientCall(std::shared_ptr<ClientCore> core, const Origin& origin, ClientClocks clocks,
                       rt::CancelSource* cancel)
    : core_(std::move(core)),
      clocks_(clocks),
      where_(origin.host_header),
      begun_ns_(mono_now_ns()),
      total_deadline_([this] {
        fail_with(ErrorCode::kDeadlineExceeded, "the call did not end within its total limit of " +
                                                    std::to_string(clocks_.total_ms) + " ms");
      }),
      step_deadline_([this] { on_step_expired(); }) {
  core_->calls.push_back(*this);
  if (clocks_.total_ms > 0) core_->loop.timers().arm_at(total_deadline_, begun_ns_, clocks_.total_ms);
  if (cancel != nullptr)
    cancel_callback_.emplace(*cancel, [this] { fail_with(ErrorCode::kCancelled, "the call was cancelled"); });
}

ClientCall::~ClientCall() {
  abandon();
  core_->give_back(std::move(head_));
  core_->give_back(std::move(body_));
}

// ---- failing ----

void ClientCall::fail_with(ErrorCode code, std::string message, std::string hint) {
  given_up_ = true;
  if (error_ || complete_) return;
  error_ = Error{code, std::move(message), where_, std::move(hint)};
  if (connecting_) {
    ErrorCondition ignored;
    connecting_->close(ignored);
  }
  if (connection_) connection_->close();
  wake_.set();
}

void ClientCall::on_step_expired() {
  const std::string limit = std::to_string(step_ms_) + " ms";
  switch (step_) {
    case Step::kConnect:
      fail_with(ErrorCode::kDeadlineExceeded, "no connection within the connect limit of " + limit,
                "check the address, the port and firewalls on the way");
      return;
    case Step::kSend:
      fail_with(ErrorCode::kDeadlineExceeded, "the request was not taken for " + limit);
      return;
    case Step::kFirstByte:
      fail_with(ErrorCode::kDeadlineExceeded, "no response within the first-byte limit of " + limit);
      return;
    case Step::kBody:
      fail_with(ErrorCode::kDeadlineExceeded,
                "silence within the response beyond the idle limit of " + limit);
      return;
    case Step::kDone: return;
  }
}

void ClientCall::arm_step(Step step, std::uint32_t delay_ms, std::int64_t now_ns) {
  step_ = step;
  step_ms_ = delay_ms;
  if (delay_ms > 0)
    core_->loop.timers().arm_at(step_deadline_, now_ns, delay_ms);
  else
    step_deadline_.disarm();
}

Error ClientCall::broken(const ErrorCondition& error) const {
  const bool ended =
      error == asio::error::eof || std::string_view(error.category().name()) == "asio.ssl.stream";
  std::string message;
  if (!header_done_)
    message = ended ? "the connection was closed before a response came"
                    : "the connection broke before a response came";
  else
    message = ended ? "the response was cut short" : "the connection broke within the response";
  if (!ended) message += ": " + error.message();
  return Error{ErrorCode::kUnavailable, std::move(message), where_, {}};
}

// ---- sending ----

rt::Task<Result<>> ClientCall::perform(const Origin& origin, OutgoingRequest request) {
  head_request_ = request.method == "HEAD";
  if (error_) co_return fail(*error_);
  Result<> result = co_await attempt(origin, request, true);
  if (!result && stale_ && !given_up_) {
    // The other side had closed the pooled connection before it saw the request.
    stale_ = false;
    abandon();
    error_.reset();
    wake_.reset();
    core_->give_back(std::move(head_));
    parser_.reset();
    input_ended_ = unsent_ = false;
    result = co_await attempt(origin, request, false);
  }
  step_deadline_.disarm();
  if (!result) {
    ClientCore::add(core_->failures, 1);
    abandon();
  }
  co_return result;
}

rt::Task<Result<>> ClientCall::attempt(const Origin& origin, const OutgoingRequest& request,
                                       bool allow_reuse) {
  ClientPool& pool = core_->pool(origin);
  reused_ = false;
  if (allow_reuse && !pool.idle.empty()) {
    boost::intrusive_ptr<ClientConnection> connection = std::move(pool.idle.back());
    pool.idle.pop_back();
    ClientCore::add(core_->idle, -1);
    ClientCore::add(core_->reuses, 1);
    attach(std::move(connection));
    reused_ = true;
    connected_ns_ = begun_ns_;
  } else {
    const Result<> connected = co_await connect(origin);
    if (!connected) co_return connected;
    connected_ns_ = mono_now_ns();
  }
  parser_.emplace(*head_, core_->limits.header_bytes, head_request_);
  const Pieces pieces = assemble(origin, request);
  ErrorCondition error;
  const std::size_t written = connection_->transport->write_now(pieces, error);
  unsent_ = written < asio::buffer_size(pieces);
  if (!connection_->reading && !error) connection_->read(*head_);
  if (unsent_ && !error) co_await send_rest(pieces, written);
  // A write that failed is not the end yet: the other side may have answered (413, say) before it stopped
  // reading, and what it said counts. If it said nothing, the read tells.
  if (error && !error_ && !connection_->reading) on_data(error, 0);
  sent_ns_ = mono_now_ns();
  if (!header_done_ && !error_) arm_step(Step::kFirstByte, clocks_.first_byte_ms, sent_ns_);
  while (!header_done_ && !error_) {
    wake_.reset();
    co_await wake_.wait();
  }
  if (error_) co_return fail(*error_);
  step_deadline_.disarm();
  step_ = Step::kBody;
  headers_ns_ = mono_now_ns();
  co_return Result<>{};
}

// The whole request as pieces; the first lives in the connection's own buffer.
Pieces ClientCall::assemble(const Origin& origin, const OutgoingRequest& request) {
  constexpr std::size_t kFlat = 16u << 10;  // up to here a copy is cheaper than a gathered write
  std::string& out = connection_->out;
  out.clear();
  out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
  out.append(origin.host_header).append("\r\n");
  for (const Header& field : request.headers) {
    if (is_framing(field.name)) continue;
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof(digits), request.body.size()).ptr;
    out.append("Content-Length: ").append(digits, static_cast<std::size_t>(end - digits)).append("\r\n");
  }
  out.append("\r\n");
  ConstBuffer body(request.body.data(), request.body.size());
  if (body.size() <= kFlat) {
    out.append(request.body);
    body = {};
  }
  return {ConstBuffer(out.data(), out.size()), body, ConstBuffer{}};
}

// Writes what the kernel did not take at once. Ends early when the response is there before the request is
// sent.
rt::Task<void> ClientCall::send_rest(Pieces pieces, std::size_t written) {
  // The connection, not this call, must live as long as the write.
  const boost::intrusive_ptr<ClientConnection> connection = connection_;
  for (const ConstBuffer& piece : pieces) {
    ConstBuffer left = piece + std::min(written, piece.size());
    written -= std::min(written, piece.size());
    while (left.size() > 0) {
      if (error_ || header_done_) co_return;
      arm_step(Step::kSend, clocks_.idle_ms, mono_now_ns());
      const WriteResult result = co_await connection->transport->write_some(left);
      if (result.error) co_return;
      left += result.size;
    }
  }
  unsent_ = false;
}

// ---- receiving ----

void ClientCall::on_data(ErrorCondition error, std::size_t size) {
  if (error_) return;  // whoever waits has been woken
  if (error || size == 0) {
    input_ended_ = true;
    if (!error) error = asio::error::eof;
    if (!header_done_) {
      stale_ = reused_ && !parser_->started();
      error_ = broken(error);
    } else if (error != asio::error::eof || !parser_->finish_at_eof()) {
      error_ = broken(error);
    }
    wake_.set_now();
    return;
  }
  if (header_done_) {
    filled_area_ = size == area_->room();
    area_->end += size;
    wake_.set_now();
    return;
  }
  head_->end += size;
  const Result<bool> parsed = parse_header();
  if (!parsed) {
    error_ = parsed.error();
    error_->where = where_;
  } else if (!*parsed) {
    parser_->make_room();
    connection_->read(*head_);
    return;
  } else if (step_ == Step::kSend) {
    // Answered before it had all of the request: ends a write that may never be taken. The answer can be read
    // on.
    connection_->transport->shutdown_send();
  }
  wake_.set_now();
}

Result<bool> ClientCall::parse_header() {
  for (;;) {
    SLIPWAY_ASSIGN(const bool done, parser_->parse_header());
    if (!done) return false;
    status_ = parser_->status();
    if (status_ == 101) return fail(ErrorCode::kUnavailable, "the other side switched protocols unasked");
    if (status_ >= 200) break;
    head_->begin = parser_->header_end();  // an interim answer
    parser_.emplace(*head_, core_->limits.header_bytes, head_request_);
    if (head_->empty()) return false;
  }
  header_done_ = true;
  area_ = head_.get();
  wire_ = parser_->header_end();
  return true;
}

Result<std::string_view> ClientCall::next_piece() {
  Result<std::string_view> piece = parser_->take_body(*area_, wire_);
  if (!piece) {
    piece.error().where = where_;
    error_ = piece.error();
    abandon();
  } else if (parser_->done()) {
    finish();
  }
  return piece;
}

rt::Task<Result<std::string_view>> ClientCall::read_piece() {
  for (;;) {
    if (error_) {
      abandon();
      co_return fail(*error_);
    }
    if (complete_) co_return std::string_view{};
    Result<std::string_view> piece = next_piece();
    if (!piece || !piece->empty() || complete_) co_return piece;
    if (input_ended_) {
      finish();
      continue;
    }
    read_more();
    arm_step(Step::kBody, clocks_.idle_ms, mono_now_ns());
    wake_.reset();
    co_await wake_.wait();
    step_deadline_.disarm();
  }
}

rt::Task<Result<std::string_view>> ClientCall::read_all(std::size_t limit_bytes) {
  const Error too_large{ErrorCode::kResourceExhausted,
                        "the response's body exceeds the limit of " + std::to_string(limit_bytes) + " bytes",
                        where_,
                        {}};
  if (!complete_ && parser_->length_known()) {
    const std::uint64_t size = parser_->remaining();
    if (size > limit_bytes) {
      abandon();
      co_return fail(too_large);
    }
    if (!error_ && area_->end - wire_ >= size) co_return next_piece();  // it came with the headers
    Result<std::string_view> whole = co_await read_whole(static_cast<std::size_t>(size));
    co_return whole;
  }
  all_.clear();
  for (;;) {
    Result<std::string_view> piece = co_await read_piece();
    if (!piece) co_return piece;
    if (piece->empty()) co_return std::string_view(all_);
    if (all_.size() + piece->size() > limit_bytes) {
      abandon();
      co_return fail(too_large);
    }
    if (complete_ && all_.empty()) co_return piece;  // all in one piece: no copy
    all_.append(*piece);
  }
}

// The body has a known length: wait until all of it lies in one place.
rt::Task<Result<std::string_view>> ClientCall::read_whole(std::size_t size) {
  if (area_ == head_.get() && wire_ + size > head_->capacity()) {
    const std::size_t had = area_->end - wire_;
    if (body_ == nullptr) body_ = core_->take_buffer();
    body_->reset(0);
    body_->grow(size);
    std::memcpy(body_->data(), area_->data() + wire_, had);
    body_->end = had;
    area_ = body_.get();
    wire_ = 0;
  } else if (wire_ + size > area_->capacity()) {
    area_->grow(wire_ + size);
  }
  while (!error_ && !complete_ && area_->end - wire_ < size && !input_ended_) {
    connection_->read(*area_);
    arm_step(Step::kBody, clocks_.idle_ms, mono_now_ns());
    wake_.reset();
    co_await wake_.wait();
  }
  step_deadline_.disarm();
  if (error_) {
    abandon();
    co_return fail(*error_);
  }
  if (complete_) co_return std::string_view{};
  Result<std::string_view> whole = next_piece();
  co_return whole;
}

// Makes room for the next read. The headers stay where they are: their views have been handed out.
void ClientCall::prepare_area() {
  const std::size_t left = area_->end - wire_;  // framing that is not complete yet
  std::size_t base = area_ == head_.get() ? parser_->header_end() : 0;
  if (area_ == head_.get() && (filled_area_ || head_->capacity() - base < kSmallRoom + left)) {
    if (body_ == nullptr) body_ = core_->take_buffer();
    body_->reset(kBodyArea);
    body_->grow(std::max(kBodyArea, left * 2));
    std::memcpy(body_->data(), area_->data() + wire_, left);
    area_ = body_.get();
    base = 0;
  } else {
    if (left > 0) std::memmove(area_->data() + base, area_->data() + wire_, left);
    area_->end = base + left;
    if (area_->room() < kSmallRoom) area_->grow(area_->capacity() * 2);
  }
  wire_ = base;
  area_->end = base + left;
}

void ClientCall::read_more() {
  prepare_area();
  connection_->read(*area_);
}

// ---- the connection ----

void ClientCall::attach(boost::intrusive_ptr<ClientConnection> connection) {
  connection_ = std::move(connection);
  connection_->user = this;
  connection_->taken();
  head_ = std::move(connection_->buffer);
}

// The response has been read to its end.
void ClientCall::finish() {
  complete_ = true;
  step_ = Step::kDone;
  total_deadline_.disarm();
  step_deadline_.disarm();
  cancel_callback_.reset();
  const boost::intrusive_ptr<ClientConnection> connection = std::move(connection_);
  connection_ = nullptr;
  // Bytes behind the end belong to no request of ours.
  const bool clean = !input_ended_ && !unsent_ && !connection->closed && parser_->keeps_alive() &&
                     wire_ == area_->end && !connection->reading;
  if (clean) {
    connection->become_idle();
  } else {
    connection->user = nullptr;
    connection->close();
  }
}

// Lets go of a connection that can't be used again.
void ClientCall::abandon() {
  if (connection_ == nullptr) return;
  const boost::intrusive_ptr<ClientConnection> connection = std::move(connection_);
  connection_ = nullptr;
  connection->user = nullptr;
  connection->close();
  if (connection->reading) {
    // A TLS read that was already on its way may still write into its buffer.
    connection->retired = area_ != nullptr && area_ == body_.get() ? std::move(body_) : std::move(head_);
  }
}

}  // namespace slipway::net
