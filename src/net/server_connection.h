// SPDX-License-Identifier: Apache-2.0
// One connection of the server: reads requests, runs the handler for each, writes the answers. Private to
// net.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive_ptr.hpp>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/message_buffer.h"
#include "net/request_parser.h"
#include "net/server.h"
#include "net/transport.h"
#include "rt/event.h"

namespace slipway::net {

class ServerConnection;
using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// What the connections of one server share. On its loop; the counters may be read from any thread.
struct ServerShared {
  ServerShared(rt::Loop& on, ServerOptions with, Handler answer, Logger to)
      : loop(on), options(std::move(with)), handler(std::move(answer)), log(std::move(to)) {}

  rt::Loop& loop;
  ServerOptions options;
  Handler handler;
  Logger log;
  std::shared_ptr<TlsContext> tls;
  bool draining = false;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> refusals{0};

  // One writer: a plain add, without the bus lock.
  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  // "Date: …\r\n", made once a second.
  std::string_view date_line();
  // The whole refusal as bytes to send.
  void append_refusal(std::string& out, int status, std::string_view code, std::string_view sentence,
                      bool without_body);

 private:
  std::time_t date_second_ = 0;
  std::string date_;
};

class ServerConnection final : public Exchange, public ReadSink, public ConnectionHook {
 public:
  ServerConnection(ServerShared& shared, std::unique_ptr<Transport> transport, std::string peer);

  // Serves until the connection ends. `self` keeps it alive meanwhile.
  static rt::Task<void> serve(boost::intrusive_ptr<ServerConnection> self);
  void close_if_idle();
  void cancel_hard();

  [[nodiscard]] std::string_view method() const override { return parser_->method(); }
  [[nodiscard]] std::string_view target() const override { return parser_->target(); }
  [[nodiscard]] std::string_view path() const override { return path_; }
  [[nodiscard]] std::string_view query() const override { return query_; }
  [[nodiscard]] const HeaderView& headers() const override { return current_->headers; }
  [[nodiscard]] std::string_view body() const override { return parser_->body(); }
  [[nodiscard]] std::string_view peer_address() const override { return peer_; }
  [[nodiscard]] bool secure() const override { return transport_->secure(); }
  [[nodiscard]] std::int64_t received_ns() const override { return received_ns_; }
  [[nodiscard]] rt::CancelSource& cancel() override { return *cancel_; }
  rt::Task<Result<>> send(int status, std::span<const Header> headers, std::string_view body) override;
  rt::Task<Result<>> start(int status, std::span<const Header> headers) override;
  rt::Task<Result<>> write(std::string_view piece) override;
  rt::Task<Result<>> finish() override;
  [[nodiscard]] bool started() const override { return answer_ != Answer::kNone; }

  void on_read(ErrorCondition error, std::size_t size) override;

 private:
  enum class Phase : std::uint8_t { kHandshake, kReceiving, kHandling, kLingering, kClosed };
  enum class Outcome : std::uint8_t { kNone, kContinue, kRequest, kRefusal, kEnd };
  enum class Answer : std::uint8_t { kNone, kWhole, kStreaming, kFinished };

  rt::Task<void> run();
  rt::Task<void> exchange();
  rt::Task<void> send_refusal();
  rt::Task<void> linger();
  rt::Task<void> say_continue();
  void begin_request();
  void end_request();
  void advance();
  void receive();
  void read_ahead();
  void start_read(MessageBuffer& buffer, bool expected = true);  // as Transport::read()
  void take_target_apart();
  void on_input_timeout();
  void wake_soon(Outcome outcome);
  void close();

  Result<> check(std::span<const Header> headers) const;
  void append_head(int status, std::span<const Header> headers);
  void flush_head();
  void abort_stream();
  rt::Task<Result<>> write_rest(Pieces pieces, std::size_t written);
  [[nodiscard]] std::unexpected<Error> gone() const;

  ServerShared& shared_;
  std::unique_ptr<Transport> transport_;
  std::string peer_;
  rt::Deadline input_deadline_;
  rt::Deadline write_deadline_;
  rt::Event wake_;

  MessageBuffer first_;
  MessageBuffer second_;
  MessageBuffer* current_ = &first_;      // the request being received or handled
  MessageBuffer* ahead_ = &second_;       // what follows it, while the handler runs
  MessageBuffer* read_target_ = nullptr;  // where the read under way writes; null: none
  std::optional<RequestParser> parser_;
  std::optional<rt::CancelSource> cancel_;
  std::string_view path_;
  std::string_view query_;
  std::string out_;  // head and small bodies, assembled flat
  std::int64_t received_ns_ = 0;
  std::size_t lingered_bytes_ = 0;
  Phase phase_ = Phase::kHandshake;
  Outcome outcome_ = Outcome::kNone;
  Answer answer_ = Answer::kNone;
  bool keep_alive_ = true;
  bool gone_ = false;       // the client has left, or the connection is broken
  bool timed_out_ = false;  // gone, because it did not read
  bool input_ended_ = false;
  bool looked_again_ = true;   // whether the client's end came together with its last request
  bool deadline_set_ = false;  // the clock of the present stage of receiving runs
  bool head_pending_ = false;  // out_ holds a head that waits for the first piece
  bool no_body_ = false;       // HEAD, 204, 304: the answer's body is not sent
  bool chunked_answer_ = false;
};

}  // namespace slipway::net
