// SPDX-License-Identifier: Apache-2.0
// How a call of the client comes to a fresh connection.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/clock.h"
#include "net/client_call.h"

namespace slipway::net {
namespace {

namespace asio = rt::asio;

constexpr std::uint32_t kLeastAttemptMs = 250;

}  // namespace

rt::Task<Result<std::vector<rt::tcp::endpoint>>> ClientCall::resolve(const Origin& origin) {
  ClientCore::Addresses& entry = core_->look_up(origin);
  std::vector<rt::tcp::endpoint> endpoints;
  std::string failure;
  if (entry.pending) {
    LookupWaiter waiter;
    waiter.event = &wake_;
    entry.waiters.push_back(waiter);
    while (!error_ && !waiter.answered) {
      wake_.reset();
      co_await wake_.wait();
    }
    endpoints = std::move(waiter.endpoints);
    failure = std::move(waiter.failure);
  } else {
    endpoints = entry.endpoints;
    failure = entry.failure;
  }
  if (error_) co_return fail(*error_);
  if (endpoints.empty()) {
    co_return fail(ErrorCode::kUnavailable, "the host name can't be resolved: " + failure, where_,
                   "check the base URL's host and this machine's DNS");
  }
  co_return endpoints;
}

rt::Task<Result<>> ClientCall::connect(const Origin& origin) {
  ClientPool& pool = core_->pool(origin);
  if (pool.open >= core_->limits.connections_per_origin) {
    co_return fail(ErrorCode::kResourceExhausted,
                   "all " + std::to_string(core_->limits.connections_per_origin) + " connections are in use",
                   where_, "raise the limit of connections per origin, or slow down");
  }
  arm_step(Step::kConnect, clocks_.connect_ms, mono_now_ns());
  Result<std::vector<rt::tcp::endpoint>> endpoints = co_await resolve(origin);
  if (!endpoints) co_return fail(std::move(endpoints).error());
  if (!origin.private_allowed) {
    std::erase_if(*endpoints, [](const rt::tcp::endpoint& e) { return is_private_address(e.address()); });
    if (endpoints->empty())
      co_return fail(ErrorCode::kPermissionDenied,
                     "the host has only private addresses, which are not reached by default", where_,
                     "set the connection's allow_private to true if this is a server of your own");
  }
  Result<> result;
  const std::size_t count = endpoints->size();
  for (std::size_t i = 0; i < count; ++i) {
    // The last address gets all the time that is left, the others a fair part of it.
    const bool last = i + 1 == count;
    const std::uint32_t limit_ms =
        last ? 0
             : std::max<std::uint32_t>(kLeastAttemptMs,
                                       clocks_.connect_ms / static_cast<std::uint32_t>(count));
    const rt::tcp::endpoint endpoint = (*endpoints)[i];
    result = co_await connect_to(pool, endpoint, limit_ms);
    if (result || error_) break;
  }
  if (!result) co_return result;
  ClientCore::add(core_->connects, 1);
  if (origin.tls) {
    result = co_await secure(origin);
    if (!result) co_return result;
  }
  step_deadline_.disarm();
  co_return result;
}

rt::Task<Result<>> ClientCall::connect_to(ClientPool& pool, rt::tcp::endpoint endpoint,
                                          std::uint32_t limit_ms) {
  connecting_.emplace(core_->loop.executor());
  rt::Deadline attempt_deadline([this] {
    ErrorCondition ignored;
    connecting_->close(ignored);
  });
  if (limit_ms > 0) core_->loop.timers().arm(attempt_deadline, limit_ms);
  const auto [error] = co_await connecting_->async_connect(endpoint, rt::kAwait);
  attempt_deadline.disarm();
  rt::Socket socket = std::move(*connecting_);
  connecting_.reset();
  if (error_) co_return fail(*error_);
  if (error || !socket.is_open()) {
    const std::string reason = error == asio::error::operation_aborted ? "no answer" : error.message();
    co_return fail(ErrorCode::kUnavailable, "can't connect: " + reason, where_,
                   "check that the server runs and that address and port are right");
  }
  std::unique_ptr<Transport> transport = make_plain_transport(std::move(socket));
  boost::intrusive_ptr<ClientConnection> connection(new ClientConnection(core_, pool, std::move(transport)));
  connection->buffer = core_->take_buffer();
  attach(std::move(connection));
  co_return Result<>{};
}

rt::Task<Result<>> ClientCall::secure(const Origin& origin) {
  Result<std::shared_ptr<TlsContext>> context = co_await core_->tls_context(origin.ca_file, origin.verify);
  if (error_) co_return fail(*error_);
  if (!context) co_return fail(std::move(context).error());
  rt::Socket socket = std::move(connection_->transport->socket());
  connection_->transport = make_tls_client_transport(std::move(socket), **context, origin.host);
  // A call that is given up meanwhile leaves the connection to this frame.
  const boost::intrusive_ptr<ClientConnection> connection = connection_;
  const ErrorCondition error = co_await connection->transport->handshake();
  if (error_) co_return fail(*error_);
  if (error) {
    co_return fail(
        ErrorCode::kUnavailable, "the TLS handshake failed: " + tls_failure(*connection->transport, error),
        where_, "check that the port speaks TLS and that its certificate is valid for this host and trusted");
  }
  co_return Result<>{};
}

}  // namespace slipway::net
