// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/http_caller.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "evaluation/runs/gateway_caller.h"
#include "rt/cancel.h"

namespace slipway::evaluation {

namespace {

constexpr std::int64_t kRetryAfterLimitS = 3'600;
constexpr std::size_t kShownBytes = 300;

CallOutcome failed(const Error& error) {
  CallOutcome out;
  out.error_code = to_string(error.code);
  out.error_message = error.describe();
  out.end = CallEnd::kFailed;
  if (error.code == ErrorCode::kCancelled) out.end = CallEnd::kCancelled;
  if (error.code == ErrorCode::kPermissionDenied || error.code == ErrorCode::kInvalidArgument ||
      error.code == ErrorCode::kResourceExhausted)
    out.end = CallEnd::kRefused;
  return out;
}

std::int64_t retry_after_ms(const net::HeaderView& headers) {
  const auto seconds = parse_integer<std::int64_t>(trim(headers.find("retry-after")));
  return seconds ? std::clamp<std::int64_t>(*seconds, 0, kRetryAfterLimitS) * 1'000 : 0;
}

}  // namespace

struct HttpCaller::Lane {
  Lane(gateway::Gateway& owner, std::shared_ptr<const HttpTarget> to, net::ClientClocks limits,
       std::size_t bytes)
      : gateway(owner), target(std::move(to)), clocks(limits), answer_bytes(bytes) {}
  gateway::Gateway& gateway;
  std::shared_ptr<const HttpTarget> target;
  net::ClientClocks clocks;
  std::size_t answer_bytes;
  rt::CancelSource cancel;

  CallOutcome read(const net::ClientResponse& response, std::string_view body) const {
    CallOutcome out;
    const int status = response.status();
    if (status >= 200 && status < 300) {
      auto text = target->answer_in(body);
      if (!text) return failed(text.error());
      out.text = std::move(*text);
      out.end = CallEnd::kAnswered;
      out.paid = true;  // nobody knows what it costs them
      return out;
    }
    out.end = end_of_status(status);
    if (status == 503 && retry_after_ms(response.headers()) > 0) out.end = CallEnd::kLimited;
    out.retry_after_ms = retry_after_ms(response.headers());
    out.error_code = fmt::format("http_{}", status);
    out.error_message =
        fmt::format("The application answered {}: {}", status, ellipsize(to_valid_utf8(body), kShownBytes));
    return out;
  }

  static rt::Task<CallOutcome> exchange(std::shared_ptr<Lane> lane, std::shared_ptr<const RunCase> one,
                                        rt::CancelSource& own) {
    auto request = lane->target->request_for(*one);
    if (!request) co_return failed(request.error());
    std::vector<net::Header> headers;
    for (const auto& [name, value] : request->headers) headers.push_back({name, value});
    headers.push_back({"user-agent", "slipway/0.1"});
    net::OutgoingRequest outgoing;
    outgoing.method = request->method;
    outgoing.target = request->target;
    outgoing.headers = headers;
    outgoing.body = request->body;
    const std::int64_t began_ns = mono_now_ns();
    auto sent =
        co_await lane->gateway.parts().client.send(lane->target->origin(), outgoing, lane->clocks, &own);
    if (!sent) co_return failed(sent.error());
    const auto body = co_await (*sent)->read_all(lane->answer_bytes);
    if (!body) co_return failed(body.error());
    CallOutcome out = lane->read(**sent, *body);
    out.latency_us = (mono_now_ns() - began_ns) / 1'000;
    co_return out;
  }

  static rt::Task<void> ask(std::shared_ptr<Lane> lane, CallOrder order, std::shared_ptr<const Done> done) {
    rt::CancelSource own;
    const rt::CancelCallback by_run(lane->cancel, [&own] { own.cancel(); });
    const rt::CancelCallback by_server(lane->gateway.parts().tasks.cancel(), [&own] { own.cancel(); });
    CallOutcome outcome = co_await exchange(lane, order.one, own);
    (*done)(order, std::move(outcome));
  }
};

HttpCaller::HttpCaller(const std::vector<gateway::Gateway*>& gateways, HttpTarget target,
                       net::ClientClocks clocks, std::size_t answer_bytes) {
  const auto shared = std::make_shared<const HttpTarget>(std::move(target));
  for (gateway::Gateway* one : gateways)
    lanes_.push_back(std::make_shared<Lane>(*one, shared, clocks, answer_bytes));
}

HttpCaller::~HttpCaller() = default;

void HttpCaller::start(std::vector<CallOrder> orders, const Done& done) {
  const auto shared = std::make_shared<const Done>(done);
  for (CallOrder& order : orders) {
    const auto& lane = lanes_[next_++ % lanes_.size()];
    lane->gateway.parts().loop.post(
        [lane, order, shared] { lane->gateway.parts().tasks.spawn(Lane::ask(lane, order, shared)); });
  }
}

void HttpCaller::cancel() {
  for (const auto& lane : lanes_) lane->gateway.parts().loop.post([lane] { lane->cancel.cancel(); });
}

}  // namespace slipway::evaluation
