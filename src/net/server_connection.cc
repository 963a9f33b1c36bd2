// SPDX-License-Identifier: Apache-2.0
#include "net/server_connection.h"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/clock.h"

namespace slipway::net {
namespace {

constexpr std::size_t kKeptStorage = 64u << 10;  // larger buffers are given back after their request
constexpr std::size_t kReadAhead = 4u << 10;
constexpr std::size_t kPipelined = 64u << 10;  // beyond it nothing is read until the handler is done
constexpr std::uint32_t kLingerMs = 3'000;
// After this long a client that says nothing is asked whether its end came together with its last request.
constexpr std::uint32_t kLookAgainMs = 200;
constexpr std::size_t kLingerBytes = 4u << 20;

}  // namespace

ServerConnection::ServerConnection(ServerShared& shared, std::unique_ptr<Transport> transport,
                                   std::string peer)
    : shared_(shared),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      input_deadline_([this] { on_input_timeout(); }),
      write_deadline_([this] {
        gone_ = timed_out_ = true;
        transport_->close();
      }) {}

rt::Task<void> ServerConnection::serve(boost::intrusive_ptr<ServerConnection> self) {
  ServerShared& shared = self->shared_;
  ServerShared::add(shared.open, 1);
  co_await self->run();
  self->close();
  self->ConnectionHook::unlink();  // now: the last reference may go after the server
  ServerShared::add(shared.open, std::uint64_t(-1));
}

rt::Task<void> ServerConnection::run() {
  const ServerLimits& limits = shared_.options.limits;
  if (transport_->secure()) {
    shared_.loop.timers().arm(input_deadline_, limits.header_timeout_ms);
    const ErrorCondition error = co_await transport_->handshake();
    if (error || phase_ == Phase::kClosed) co_return;
  }
  shared_.loop.timers().arm(input_deadline_, limits.header_timeout_ms);
  for (;;) {
    begin_request();
    while (outcome_ == Outcome::kNone || outcome_ == Outcome::kContinue) {
      if (outcome_ == Outcome::kContinue) {
        co_await say_continue();
        continue;
      }
      wake_.reset();
      co_await wake_.wait();
    }
    input_deadline_.disarm();
    if (outcome_ == Outcome::kEnd) co_return;
    if (outcome_ == Outcome::kRefusal) {
      co_await send_refusal();
      co_return;
    }
    co_await exchange();
    if (gone_) co_return;
    if (!keep_alive_ || shared_.draining) {
      // Closing with unread input would send RST, which can overtake the answer.
      if (!ahead_->empty() || current_->end > parser_->end()) co_await linger();
      co_return;
    }
    end_request();
    looked_again_ = false;
    shared_.loop.timers().arm(input_deadline_, std::min(limits.keep_alive_timeout_ms, kLookAgainMs));
  }
}

// ---- receiving ----

void ServerConnection::begin_request() {
  phase_ = Phase::kReceiving;
  outcome_ = Outcome::kNone;
  answer_ = Answer::kNone;
  deadline_set_ = head_pending_ = no_body_ = chunked_answer_ = false;
  if (read_target_ == nullptr) current_->compact();
  parser_.emplace(*current_, shared_.options.limits);
  if (input_ended_ && current_->empty()) {
    outcome_ = Outcome::kEnd;
  } else if (current_->empty()) {
    if (shared_.draining)
      outcome_ = Outcome::kEnd;
    else
      receive();
  } else {
    advance();  // pipelined
    if (outcome_ == Outcome::kNone) receive();
  }
}

void ServerConnection::end_request() {
  if (read_target_ == current_ || current_->end > parser_->end()) {
    // The read under way began before this request was complete, so it goes on behind it.
    current_->begin = parser_->end();
  } else {
    current_->reset(kKeptStorage);
    std::swap(current_, ahead_);
  }
  parser_.reset();
  cancel_.reset();
}

// Parses what is there. Sets outcome_ when that decides something.
void ServerConnection::advance() {
  const ServerLimits& limits = shared_.options.limits;
  const bool had_header = parser_->header_done();
  const RequestParser::Progress progress = parser_->advance(read_target_ != current_);
  if (progress == RequestParser::Progress::kComplete) {
    outcome_ = Outcome::kRequest;
  } else if (progress == RequestParser::Progress::kRefused) {
    outcome_ = Outcome::kRefusal;
  } else if (input_ended_) {
    outcome_ = Outcome::kEnd;
  } else if (parser_->header_done()) {
    shared_.loop.timers().arm(input_deadline_, limits.body_timeout_ms);
    // A client that began to send its body without waiting needs no word.
    if (!had_header && parser_->expects_continue() && !parser_->http_10() &&
        current_->end == parser_->header_end())
      outcome_ = Outcome::kContinue;
  } else if (parser_->started() && !deadline_set_) {
    deadline_set_ = true;  // once a request: the clock does not start anew with every byte
    shared_.loop.timers().arm(input_deadline_, limits.header_timeout_ms);
  }
}

rt::Task<void> ServerConnection::say_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const Pieces pieces{ConstBuffer(kContinue.data(), kContinue.size()), {}, {}};
  const Result<> said = co_await write_rest(pieces, 0);
  outcome_ = said ? Outcome::kNone : Outcome::kEnd;
  if (outcome_ != Outcome::kNone) co_return;
  advance();  // what came meanwhile was only kept
  if (outcome_ == Outcome::kNone) receive();
}

void ServerConnection::receive() {
  if (read_target_ != nullptr || input_ended_) return;
  parser_->make_room();
  start_read(*current_);
}

// Keeps a read outstanding while the handler runs.
void ServerConnection::read_ahead() {
  if (read_target_ != nullptr || input_ended_) return;
  const std::size_t next = parser_->end();
  if (current_->end > next) {
    const std::size_t rest = current_->end - next;
    ahead_->grow(rest + kReadAhead);
    std::memcpy(ahead_->data(), current_->data() + next, rest);
    ahead_->end = rest;
    current_->end = next;
  }
  ahead_->grow(kReadAhead * 2);
  start_read(*ahead_, false);
  shared_.loop.timers().arm_at(input_deadline_, received_ns_, kLookAgainMs);
}

void ServerConnection::start_read(MessageBuffer& buffer, bool expected) {
  if (gone_) return;
  read_target_ = &buffer;
  transport_->read(buffer.data() + buffer.end, buffer.room(), this, expected);
}

void ServerConnection::on_read(ErrorCondition error, std::size_t size) {
  MessageBuffer& buffer = *read_target_;
  read_target_ = nullptr;
  if (phase_ == Phase::kClosed) return;
  if (!error && size == 0) error = rt::asio::error::eof;
  if (error) {
    input_ended_ = true;
    if (phase_ == Phase::kHandling) {
      gone_ = true;
      transport_->close();
      cancel_->cancel();
    } else if (outcome_ == Outcome::kNone) {
      outcome_ = Outcome::kEnd;
      wake_.set_now();
    }
    return;
  }
  buffer.end += size;
  switch (phase_) {
    case Phase::kHandling:
      if (buffer.end - buffer.begin >= kPipelined) return;
      if (buffer.room() == 0 && &buffer == ahead_) buffer.grow(buffer.capacity() * 2);
      if (buffer.room() > 0) start_read(buffer);
      return;
    case Phase::kLingering:
      lingered_bytes_ += size;
      buffer.end = buffer.begin;
      if (lingered_bytes_ > kLingerBytes) {
        wake_soon(Outcome::kEnd);
        return;
      }
      if (buffer.room() > 0) start_read(buffer);
      return;
    default: break;
  }
  if (outcome_ != Outcome::kNone) return;  // decided already, by a clock
  if (!parser_->started() && buffer.begin > 0) {
    buffer.compact();
    parser_.emplace(buffer, shared_.options.limits);
  }
  advance();
  if (outcome_ == Outcome::kNone)
    receive();
  else
    wake_.set_now();
}

void ServerConnection::on_input_timeout() {
  switch (phase_) {
    case Phase::kReceiving:
      if (outcome_ != Outcome::kNone) return;
      if (parser_->started()) {
        parser_->refusal() = Refusal{
            408, "request_timeout",
            parser_->header_done() ? "The body came too slowly." : "The request's headers came too slowly."};
        wake_soon(Outcome::kRefusal);
      } else if (!std::exchange(looked_again_, true)) {
        const std::uint32_t idle_ms = shared_.options.limits.keep_alive_timeout_ms;
        shared_.loop.timers().arm(input_deadline_, idle_ms - std::min(idle_ms, kLookAgainMs));
        transport_->look_again();
      } else {
        wake_soon(Outcome::kEnd);
      }
      return;
    case Phase::kLingering: wake_soon(Outcome::kEnd); return;
    case Phase::kHandshake: close(); return;
    case Phase::kHandling: transport_->look_again(); return;
    case Phase::kClosed: return;
  }
}

void ServerConnection::wake_soon(Outcome outcome) {
  outcome_ = outcome;
  wake_.set();
}

// ---- handling ----

void ServerConnection::take_target_apart() {
  std::string_view target = parser_->target();
  if (!target.starts_with('/')) {
    // Absolute form, as proxies get it. "*" and everything else stays as it is.
    const std::size_t scheme = target.find("://");
    if (scheme != std::string_view::npos) {
      const std::size_t slash = target.find_first_of("/?", scheme + 3);
      target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
  }
  const std::size_t mark = target.find('?');
  path_ = target.substr(0, mark);
  query_ = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

rt::Task<void> ServerConnection::exchange() {
  phase_ = Phase::kHandling;
  received_ns_ = mono_now_ns();
  cancel_.emplace();
  ServerShared::add(shared_.requests, 1);
  keep_alive_ = parser_->keeps_alive() && !shared_.draining;
  no_body_ = parser_->method() == "HEAD";
  take_target_apart();
  read_ahead();
  bool failed = false;
  try {
    rt::Task<void> task = shared_.handler(*this);
    co_await std::move(task);
  } catch (const std::exception& error) {
    failed = true;
    shared_.log.error("handler_threw", {{"path", path_}, {"what", error.what()}});
  }
  if (answer_ == Answer::kNone && !gone_) {
    if (!failed) shared_.log.error("handler_gave_no_answer", {{"path", path_}});
    keep_alive_ = false;
    parser_->refusal() = Refusal{500, "internal_error", "The server failed to answer this request."};
    answer_ = Answer::kWhole;
    co_await send_refusal();
  } else if (answer_ == Answer::kStreaming) {
    abort_stream();
  }
}

void ServerConnection::abort_stream() {
  gone_ = true;
  if (!chunked_answer_) transport_->reset_on_close();  // else the end would look like the end
  close();
}

rt::Task<void> ServerConnection::send_refusal() {
  ServerShared::add(shared_.refusals, 1);
  phase_ = Phase::kLingering;
  out_.clear();
  const Refusal& refusal = parser_->refusal();
  shared_.append_refusal(out_, refusal.status, refusal.code, refusal.sentence, no_body_);
  const Pieces pieces{ConstBuffer(out_.data(), out_.size()), {}, {}};
  ErrorCondition error;
  const std::size_t written = transport_->write_now(pieces, error);
  if (error) co_return;
  if (written < out_.size()) {
    const Result<> rest = co_await write_rest(pieces, written);
    if (!rest) co_return;
  }
  co_await linger();
}

// Reads and discards for a while after the last answer, so that what the client still sends does not make the
// kernel reset the connection before the answer was read.
rt::Task<void> ServerConnection::linger() {
  if (gone_ || input_ended_) co_return;
  phase_ = Phase::kLingering;
  outcome_ = Outcome::kNone;
  transport_->shutdown_send();
  shared_.loop.timers().arm(input_deadline_, kLingerMs);
  if (read_target_ == nullptr) {
    current_->begin = current_->end = 0;
    current_->grow(kReadAhead);
    start_read(*current_);
  }
  while (outcome_ == Outcome::kNone) {
    wake_.reset();
    co_await wake_.wait();
  }
  gone_ = true;
}

void ServerConnection::close_if_idle() {
  if (phase_ == Phase::kReceiving && outcome_ == Outcome::kNone && !parser_->started())
    wake_soon(Outcome::kEnd);
  if (phase_ == Phase::kHandshake) close();
}

void ServerConnection::cancel_hard() {
  switch (phase_) {
    case Phase::kHandling:
      gone_ = true;
      transport_->close();
      cancel_->cancel();
      return;
    case Phase::kReceiving:
    case Phase::kLingering: wake_soon(Outcome::kEnd); return;
    case Phase::kHandshake: close(); return;
    case Phase::kClosed: return;
  }
}

void ServerConnection::close() {
  phase_ = Phase::kClosed;
  input_deadline_.disarm();
  write_deadline_.disarm();
  transport_->close();
}

}  // namespace slipway::net
