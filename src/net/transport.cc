// SPDX-License-Identifier: Apache-2.0
#include "net/transport.h"

#include <boost/asio/error.hpp>
#include <utility>

namespace slipway::net {
namespace {

namespace asio = rt::asio;

struct ReadDone {
  boost::intrusive_ptr<ReadSink> sink;
  void operator()(const ErrorCondition& error, std::size_t size) const { sink->on_read(error, size); }
};

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(rt::Socket socket) : socket_(std::move(socket)) {}

  void read(char* to, std::size_t size, boost::intrusive_ptr<ReadSink> sink) override {
    socket_.async_read_some(asio::mutable_buffer(to, size), ReadDone{std::move(sink)});
  }

  std::size_t write_now(const Pieces& pieces, ErrorCondition& error) override {
    const std::size_t size = pieces[1].size() == 0 && pieces[2].size() == 0
                                 ? socket_.write_some(asio::const_buffer(pieces[0]), error)
                                 : socket_.write_some(pieces, error);
    if (error == asio::error::would_block || error == asio::error::try_again) error = {};
    return error ? 0 : size;
  }

  rt::Task<WriteResult> write_some(ConstBuffer bytes) override {
    const auto [error, size] = co_await socket_.async_write_some(bytes, rt::kAwait);
    co_return WriteResult{error, size};
  }

  rt::Task<ErrorCondition> handshake() override { co_return ErrorCondition{}; }
  rt::Socket& socket() override { return socket_; }
  [[nodiscard]] bool secure() const override { return false; }

 private:
  rt::Socket socket_;
};

}  // namespace

void Transport::close() {
  ErrorCondition ignored;
  socket().close(ignored);
}

void Transport::shutdown_send() {
  ErrorCondition ignored;
  socket().shutdown(rt::tcp::socket::shutdown_send, ignored);
}

void Transport::reset_on_close() {
  ErrorCondition ignored;
  socket().set_option(asio::socket_base::linger(true, 0), ignored);
}

std::unique_ptr<Transport> make_plain_transport(rt::Socket socket) {
  ErrorCondition ignored;
  socket.set_option(rt::tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  return std::make_unique<PlainTransport>(std::move(socket));
}

}  // namespace slipway::net
