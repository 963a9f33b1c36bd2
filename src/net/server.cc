// SPDX-License-Identifier: Apache-2.0
#include "net/server.h"

#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "net/server_connection.h"
#include "rt/block_on.h"
#include "rt/task_group.h"

namespace slipway::net {
namespace {

namespace asio = rt::asio;

constexpr std::uint32_t kAcceptPauseMs = 100;  // when the process is out of descriptors
constexpr int kBacklog = 4096;

class ServerImpl final : public Server {
 public:
  ServerImpl(rt::Loop& loop, ServerOptions options, Handler handler, Logger log)
      : shared_(loop, std::move(options), std::move(handler), std::move(log)),
        acceptor_(loop.executor()),
        group_(loop.executor()),
        accept_pause_([this] { accept(); }),
        drain_deadline_([this] { cancel_all(); }) {}

  ~ServerImpl() override { stop(0); }

  Result<> open() {
    const ServerOptions& options = shared_.options;
    ErrorCondition error;
    const asio::ip::address address = asio::ip::make_address(options.address, error);
    if (error) {
      return fail(ErrorCode::kInvalidArgument, "not an IP address: " + options.address, "listen address",
                  "use 127.0.0.1, 0.0.0.0, ::1 or ::");
    }
    if (options.tls) {
      SLIPWAY_ASSIGN(shared_.tls,
                     make_server_tls_context(options.tls->certificate_file, options.tls->key_file));
    }
    const rt::tcp::endpoint endpoint(address, options.port);
    const std::string where = options.address + ":" + std::to_string(options.port);
    using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.set_option(ReusePort(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(kBacklog, error);
    if (error) return fail(ErrorCode::kUnavailable, "can't listen: " + error.message(), where);
    port_ = acceptor_.local_endpoint(error).port();
    shared_.loop.post([this] { accept(); });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  void stop(std::uint32_t drain_ms) override {
    if (std::exchange(stopped_, true)) return;
    rt::block_on<void>(shared_.loop, [this, drain_ms] { return drain(drain_ms); });
  }

  [[nodiscard]] ServerCounters counters() const override {
    return {shared_.accepted.load(std::memory_order_relaxed), shared_.open.load(std::memory_order_relaxed),
            shared_.refused.load(std::memory_order_relaxed), shared_.requests.load(std::memory_order_relaxed),
            shared_.refusals.load(std::memory_order_relaxed)};
  }

 private:
  void accept() {
    if (shared_.draining) return;
    accepting_ = true;
    acceptor_.async_accept(shared_.loop.executor(), peer_,
                           [this](const ErrorCondition& error, rt::Socket socket) {
                             accepting_ = false;
                             on_accept(error, std::move(socket));
                           });
  }

  void on_accept(const ErrorCondition& error, rt::Socket socket) {
    if (shared_.draining) {
      accept_ended_.set();
      return;
    }
    if (error) {
      if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
          error == asio::error::no_memory || error.value() == ENFILE) {
        shared_.log.error("accept_failed", {{"error", error.message()}});
        shared_.loop.timers().arm(accept_pause_, kAcceptPauseMs);
      } else {
        accept();
      }
      return;
    }
    if (shared_.open.load(std::memory_order_relaxed) >= shared_.options.limits.connections)
      refuse(std::move(socket));
    else
      serve(std::move(socket));
    accept();
  }

  void serve(rt::Socket socket) {
    ServerShared::add(shared_.accepted, 1);
    auto transport = shared_.tls ? make_tls_server_transport(std::move(socket), *shared_.tls)
                                 : make_plain_transport(std::move(socket));
    boost::intrusive_ptr<ServerConnection> connection(
        new ServerConnection(shared_, std::move(transport), peer_.address().to_string()));
    connections_.push_back(*connection);
    group_.spawn(ServerConnection::serve(std::move(connection)));
  }

  // Full: one answer without a connection object. TLS clients are just closed.
  void refuse(rt::Socket socket) {
    ServerShared::add(shared_.refused, 1);
    ServerShared::add(shared_.refusals, 1);
    ErrorCondition ignored;
    socket.non_blocking(true, ignored);
    if (!shared_.tls) {
      std::string out;
      shared_.append_refusal(out, 503, "too_many_connections",
                             "The server has as many connections as it may. Try again shortly.", false);
      socket.write_some(asio::buffer(out), ignored);
      socket.shutdown(rt::tcp::socket::shutdown_send, ignored);
      // What has come already is read, so that close() does not reset the answer away.
      std::array<char, 16 << 10> discarded;
      socket.read_some(asio::buffer(discarded), ignored);
    }
    socket.close(ignored);
  }

  void cancel_all() {
    for (auto at = connections_.begin(); at != connections_.end();) {
      ServerConnection& connection = *at++;  // it may go
      connection.cancel_hard();
    }
  }

  rt::Task<void> drain(std::uint32_t drain_ms) {
    shared_.draining = true;
    accept_pause_.disarm();
    ErrorCondition ignored;
    acceptor_.close(ignored);
    if (accepting_) co_await accept_ended_.wait();
    for (auto at = connections_.begin(); at != connections_.end();) {
      ServerConnection& connection = *at++;
      connection.close_if_idle();
    }
    if (drain_ms == 0)
      cancel_all();
    else
      shared_.loop.timers().arm(drain_deadline_, drain_ms);
    co_await group_.join();
    drain_deadline_.disarm();
  }

  ServerShared shared_;
  asio::basic_socket_acceptor<rt::tcp, rt::Executor> acceptor_;
  rt::TaskGroup group_;
  boost::intrusive::list<ServerConnection, boost::intrusive::base_hook<ConnectionHook>,
                         boost::intrusive::constant_time_size<false>>
      connections_;
  rt::Deadline accept_pause_;
  rt::Deadline drain_deadline_;
  rt::Event accept_ended_;
  rt::tcp::endpoint peer_;
  std::uint16_t port_ = 0;
  bool accepting_ = false;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(rt::Loop& loop, ServerOptions options, Handler handler,
                                               Logger log) {
  auto server = std::make_unique<ServerImpl>(loop, std::move(options), std::move(handler), std::move(log));
  if (Result<> opened = server->open(); !opened) {
    return fail(std::move(opened).error());
  }
  return server;
}

}  // namespace slipway::net
