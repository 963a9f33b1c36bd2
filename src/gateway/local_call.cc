// SPDX-License-Identifier: Apache-2.0
#include "gateway/local_call.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "gateway/gateway.h"

namespace slipway::gateway {

namespace {

constexpr std::string_view kPath = "/v1/chat/completions";
constexpr std::uint32_t kRetryAfterLimitS = 3'600;

// An exchange whose other end is a buffer.
class LocalExchange final : public net::Exchange, public CallListener {
 public:
  LocalExchange(const LocalCall& call, rt::CancelSource& cancel)
      : call_(call), received_ns_(mono_now_ns()), link_(cancel, [this] { cancel_.cancel(); }) {
    if (!call.end_user.empty()) headers_.add("x-slipway-user", call.end_user);
    headers_.add("user-agent", "slipway");
  }

  [[nodiscard]] std::string_view method() const override { return "POST"; }
  [[nodiscard]] std::string_view target() const override { return kPath; }
  [[nodiscard]] std::string_view path() const override { return kPath; }
  [[nodiscard]] std::string_view query() const override { return {}; }
  [[nodiscard]] const net::HeaderView& headers() const override { return headers_; }
  [[nodiscard]] std::string_view body() const override { return call_.body; }
  [[nodiscard]] std::string_view peer_address() const override { return "local"; }
  [[nodiscard]] bool secure() const override { return true; }
  [[nodiscard]] std::int64_t received_ns() const override { return received_ns_; }
  [[nodiscard]] rt::CancelSource& cancel() override { return cancel_; }
  [[nodiscard]] bool started() const override { return started_; }

  rt::Task<Result<>> send(int status, std::span<const net::Header> headers, std::string_view body) override {
    take(status, headers);
    answer_.body = body;
    answer_.complete = true;
    co_return Result<>{};
  }
  rt::Task<Result<>> start(int status, std::span<const net::Header> headers) override {
    take(status, headers);
    co_return Result<>{};
  }
  rt::Task<Result<>> write(std::string_view piece) override {
    if (cancel_.cancelled()) co_return fail(ErrorCode::kCancelled, "the call was cancelled");
    answer_.body += piece;
    co_return Result<>{};
  }
  rt::Task<Result<>> finish() override {
    answer_.complete = true;
    co_return Result<>{};
  }

  void recorded(const telemetry::InvocationRecord& record) override {
    answer_.status = record.status;
    answer_.invocation = record.id.to_string();
    answer_.error_code = record.error_code;
    answer_.error_message = record.error_message;
    answer_.finish_reason = record.finish_reason;
    answer_.response_model = record.response_model;
    answer_.usage = record.usage;
    answer_.cost_nano = record.cost_nano;
    answer_.duration_us = record.duration_us;
    answer_.first_token_us = record.first_token_us;
    answer_.sent_upstream = record.attempts != 0;
  }

  LocalAnswer take_answer() { return std::move(answer_); }

 private:
  void take(int status, std::span<const net::Header> headers) {
    started_ = true;
    answer_.http_status = status;
    for (const net::Header& header : headers) {
      if (header.name == "retry-after")
        answer_.retry_after_s =
            std::min(parse_integer<std::uint32_t>(header.value).value_or(0), kRetryAfterLimitS);
      if (header.name == "x-slipway-variant") answer_.variant = header.value;
    }
  }

  const LocalCall& call_;
  const std::int64_t received_ns_;
  net::HeaderView headers_;
  rt::CancelSource cancel_;
  bool started_ = false;
  LocalAnswer answer_;
  rt::CancelCallback link_;  // the last member: it may run at once
};

}  // namespace

std::shared_ptr<const Key> local_key(const Snapshot& snapshot, const LocalCall& call) {
  const Environment* environment = snapshot.environment(call.environment);
  if (environment == nullptr) return nullptr;
  auto key = std::make_shared<Key>();
  key->name = call.key_name;
  key->use_case = call.use_case;
  key->environment = environment->name;
  key->max_concurrent = call.max_concurrent;
  key->use = call.use != nullptr ? call.use : std::make_shared<KeyUse>();
  return key;
}

rt::Task<LocalAnswer> call_locally(Gateway& gateway, LocalCall call, rt::CancelSource& cancel) {
  LocalExchange exchange(call, cancel);
  co_await gateway.handle_local(exchange, call, exchange);
  co_return exchange.take_answer();
}

}  // namespace slipway::gateway
