// SPDX-License-Identifier: Apache-2.0
// One request of the client and its response. Private to net; on one loop.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/client_core.h"
#include "net/response_parser.h"

namespace slipway::net {

class ClientCall final : public ClientResponse, public CallHook {
 public:
  ClientCall(std::shared_ptr<ClientCore> core, const Origin& origin, ClientClocks clocks,
             rt::CancelSource* cancel);
  ~ClientCall() override;

  // Connects or takes a pooled connection, sends, and waits for the response's headers.
  rt::Task<Result<>> perform(const Origin& origin, OutgoingRequest request);
  // The connection's read ended. Resumes whoever waits as its last act.
  void on_data(ErrorCondition error, std::size_t size);
  void shut_down() override { fail_with(ErrorCode::kCancelled, "the HTTP client is shutting down"); }
  void fail_with(ErrorCode code, std::string message, std::string hint = {});

  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] const HeaderView& headers() const override { return head_->headers; }
  rt::Task<Result<std::string_view>> read_piece() override;
  rt::Task<Result<std::string_view>> read_all(std::size_t limit_bytes) override;
  [[nodiscard]] std::int64_t connected_ns() const override { return connected_ns_; }
  [[nodiscard]] std::int64_t sent_ns() const override { return sent_ns_; }
  [[nodiscard]] std::int64_t headers_ns() const override { return headers_ns_; }
  [[nodiscard]] bool reused_connection() const override { return reused_; }

 private:
  enum class Step : std::uint8_t { kConnect, kSend, kFirstByte, kBody, kDone };

  rt::Task<Result<>> attempt(const Origin& origin, const OutgoingRequest& request, bool allow_reuse);
  rt::Task<Result<>> connect(const Origin& origin);
  rt::Task<Result<std::vector<rt::tcp::endpoint>>> resolve(const Origin& origin);
  rt::Task<Result<>> connect_to(ClientPool& pool, rt::tcp::endpoint endpoint, std::uint32_t limit_ms);
  rt::Task<Result<>> secure(const Origin& origin);
  Pieces assemble(const Origin& origin, const OutgoingRequest& request);
  rt::Task<void> send_rest(Pieces pieces, std::size_t written);
  rt::Task<Result<std::string_view>> read_whole(std::size_t size);
  Result<bool> parse_header();
  Result<std::string_view> next_piece();
  void prepare_area();
  void read_more();
  void on_step_expired();
  void arm_step(Step step, std::uint32_t delay_ms, std::int64_t now_ns);
  void attach(boost::intrusive_ptr<ClientConnection> connection);
  void finish();
  void abandon();
  [[nodiscard]] Error broken(const ErrorCondition& error) const;

  std::shared_ptr<ClientCore> core_;
  const ClientClocks clocks_;
  std::string where_;  // host:port, for errors
  const std::int64_t begun_ns_;
  boost::intrusive_ptr<ClientConnection> connection_;
  std::optional<rt::Socket> connecting_;
  std::unique_ptr<MessageBuffer> head_;
  std::unique_ptr<MessageBuffer> body_;
  MessageBuffer* area_ = nullptr;  // where body bytes are read: the head's rest, or body_
  std::size_t wire_ = 0;           // body bytes before it have been handed out
  std::optional<ResponseParser> parser_;
  std::optional<rt::CancelCallback> cancel_callback_;
  rt::Deadline total_deadline_;
  rt::Deadline step_deadline_;
  rt::Event wake_;
  std::optional<Error> error_;
  std::string all_;
  std::int64_t connected_ns_ = 0;
  std::int64_t sent_ns_ = 0;
  std::int64_t headers_ns_ = 0;
  std::uint32_t step_ms_ = 0;
  int status_ = 0;
  Step step_ = Step::kConnect;
  bool reused_ = false;
  bool stale_ = false;     // a pooled connection ended before a byte of the response came
  bool given_up_ = false;  // by a clock or by the caller: no second attempt
  bool head_request_ = false;
  bool header_done_ = false;
  bool input_ended_ = false;
  bool unsent_ = false;       // a part of the request: its connection can't be used again
  bool filled_area_ = false;  // the last read took all the room there was
  bool complete_ = false;
};

}  // namespace slipway::net
