// SPDX-License-Identifier: Apache-2.0
// For tests: a loop with a server, a client, and raw sockets to speak to them in any broken way. Blocking;
// the test's own thread is the other side of the wire.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/client.h"
#include "net/server.h"
#include "rt/block_on.h"
#include "rt/blocking_pool.h"
#include "rt/loop.h"

namespace slipway::net::testing {

using PlainTcp = boost::asio::ip::tcp;

// A plain blocking connection to a port on loopback.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(context_) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    socket_.set_option(PlainTcp::no_delay(true));
  }
  void send(std::string_view bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
  // Bytes up to and including `mark`; what came until the end if it never comes.
  std::string read_until(std::string_view mark) {
    while (input_.find(mark) == std::string::npos && more()) {
    }
    const std::size_t at = input_.find(mark);
    const std::size_t size = at == std::string::npos ? input_.size() : at + mark.size();
    std::string out = input_.substr(0, size);
    input_.erase(0, size);
    return out;
  }
  std::string read(std::size_t size) {
    while (input_.size() < size && more()) {
    }
    std::string out = input_.substr(0, size);
    input_.erase(0, out.size());
    return out;
  }
  std::string read_to_end() {
    while (more()) {
    }
    return std::exchange(input_, {});
  }
  // Head and body of one answer with a Content-Length.
  std::string read_answer() {
    std::string head = read_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    return head + read(std::stoul(head.substr(at + 16)));
  }
  void half_close() { socket_.shutdown(PlainTcp::socket::shutdown_send); }
  void close() { socket_.close(); }
  void reset() {
    socket_.set_option(boost::asio::socket_base::linger(true, 0));
    socket_.close();
  }
  [[nodiscard]] const boost::system::error_code& error() const { return error_; }
  PlainTcp::socket& socket() { return socket_; }

 private:
  bool more() {
    char bytes[16384];
    const std::size_t size = socket_.read_some(boost::asio::buffer(bytes), error_);
    if (error_) return false;
    input_.append(bytes, size);
    return true;
  }
  boost::asio::io_context context_;
  PlainTcp::socket socket_;
  std::string input_;
  boost::system::error_code error_;
};

// An upstream whose every byte the test decides: one function a connection, each on its own thread.
class RawServer {
 public:
  using Talk = std::function<void(PlainTcp::socket& socket)>;

  explicit RawServer(std::vector<Talk> talks)
      : acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}) {
    thread_ = std::thread([this, talks = std::move(talks)] {
      std::vector<std::thread> talking;
      for (const Talk& talk : talks) {
        boost::system::error_code error;
        auto socket = std::make_shared<PlainTcp::socket>(context_);
        acceptor_.accept(*socket, error);
        if (error) break;
        talking.emplace_back([socket, talk] {
          try {
            talk(*socket);
          } catch (const boost::system::system_error&) {
            // The client under test has hung up, as many tests mean it to.
          }
          boost::system::error_code ignored;
          socket->close(ignored);
        });
      }
      for (std::thread& one : talking) one.join();
    });
  }
  ~RawServer() {
    boost::system::error_code ignored;
    // Wakes an accept() that nobody came for.
    PlainTcp::socket poke(context_);
    poke.connect({boost::asio::ip::make_address("127.0.0.1"), port()}, ignored);
    poke.close(ignored);
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

  // Reads up to the end of a request's headers.
  static std::string read_head(PlainTcp::socket& socket) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n")) {
      boost::asio::read(socket, boost::asio::buffer(&byte, 1));
      head.push_back(byte);
    }
    return head;
  }
  static void write(PlainTcp::socket& socket, std::string_view bytes) {
    boost::asio::write(socket, boost::asio::buffer(bytes));
  }
  // Waits until the other side closes.
  static void await_end(PlainTcp::socket& socket) {
    char bytes[4096];
    boost::system::error_code error;
    while (!error) socket.read_some(boost::asio::buffer(bytes), error);
  }

 private:
  boost::asio::io_context context_;
  PlainTcp::acceptor acceptor_;
  std::thread thread_;
};

// A loop with what runs on it, taken down in the right order.
struct World {
  rt::Loop loop{"test"};
  rt::BlockingPool resolver{"dns", 1, 64};
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> client;

  ~World() {
    if (server) server->stop(0);  // before the client: handlers may be using it
    client.reset();
    server.reset();
    loop.stop();
  }

  std::uint16_t serve(Handler handler, ServerOptions options = {}) {
    options.port = 0;
    auto made = Server::listen(loop, std::move(options), std::move(handler), {});
    EXPECT_TRUE(made.has_value()) << made.error().describe();
    server = std::move(*made);
    return server->port();
  }

  struct Fetched {
    Result<> result;
    int status = 0;
    std::string body;
    bool reused = false;
    std::vector<std::string> pieces;
  };
  void make_client(ClientLimits limits = {}) { client = Client::create(loop, resolver, limits, {}); }
  Fetched fetch(Origin origin, OutgoingRequest request = {.target = "/"}, ClientClocks clocks = {},
                bool in_pieces = false, rt::CancelSource* cancel = nullptr) {
    if (!client) make_client();
    return rt::block_on<Fetched>(loop, [this, origin, request, clocks, in_pieces, cancel] {
      return fetch_on_loop(origin, request, clocks, in_pieces, cancel);
    });
  }
  rt::Task<Fetched> fetch_on_loop(Origin origin, OutgoingRequest request, ClientClocks clocks, bool in_pieces,
                                  rt::CancelSource* cancel) {
    Fetched out;
    Result<std::unique_ptr<ClientResponse>> response = co_await client->send(origin, request, clocks, cancel);
    if (!response) {
      out.result = fail(std::move(response).error());
      co_return out;
    }
    out.status = (*response)->status();
    out.reused = (*response)->reused_connection();
    for (;;) {
      Result<std::string_view> piece;
      if (in_pieces)
        piece = co_await (*response)->read_piece();
      else
        piece = co_await (*response)->read_all(64u << 20);
      if (!piece) {
        out.result = fail(std::move(piece).error());
        co_return out;
      }
      if (!piece->empty()) out.pieces.emplace_back(*piece);
      out.body.append(*piece);
      if (piece->empty() || !in_pieces) break;
    }
    co_return out;
  }
};

inline Origin local(std::uint16_t port) { return *parse_origin("http://127.0.0.1:" + std::to_string(port)); }

}  // namespace slipway::net::testing
