// SPDX-License-Identifier: Apache-2.0
#include "net/transport.h"

#include <sys/socket.h>

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <utility>

namespace slipway::net {
namespace {

namespace asio = rt::asio;

// Gives its user what Asio's own operations need and keep to themselves.
class OpenSocket final : public rt::Socket {
 public:
  explicit OpenSocket(rt::Socket socket) : rt::Socket(std::move(socket)) {}
  auto& registration() { return impl_.get_implementation().reactor_data_; }
};

// The one read a transport may have under way, in place of Asio's: it needs no memory, and it tells the
// reactor when a read took all there was, so that the next one waits for the next event instead of asking the
// kernel in vain. Between the requests of a kept connection that is one system call of three
// (docs/decisions/0009).
class ReadOperation final : public asio::detail::reactor_op {
 public:
  explicit ReadOperation(Transport& transport)
      : reactor_op({}, &ReadOperation::attempt, &ReadOperation::complete), transport_(transport) {
    cancellation_key_ = this;
  }

  void prepare(int descriptor, char* to, std::size_t size, boost::intrusive_ptr<ReadSink> sink) {
    descriptor_ = descriptor;
    to_ = to;
    size_ = size;
    sink_ = std::move(sink);
    ec_ = {};
    bytes_transferred_ = 0;
  }
  // Its cancellation, which follows, begins it again with an attempt.
  void begin_anew() { anew_ = true; }
  [[nodiscard]] bool under_way() const { return sink_ != nullptr; }
  // The last read took all there was.
  [[nodiscard]] bool drained() const { return drained_; }

 private:
  static status attempt(reactor_op* base) {
    auto* const self = static_cast<ReadOperation*>(base);
    ssize_t got = 0;
    do {
      got = ::recv(self->descriptor_, self->to_, self->size_, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return not_done;
      self->ec_.assign(errno, asio::error::get_system_category());
      return done;
    }
    self->bytes_transferred_ = static_cast<std::size_t>(got);
    if (got == 0 && self->size_ > 0) self->ec_ = asio::error::eof;
    self->drained_ = self->bytes_transferred_ < self->size_;
    return self->drained_ ? done_and_exhausted : done;
  }

  // Without an owner the loop is going away, and nobody is told.
  static void complete(void* owner, asio::detail::operation* base, const ErrorCondition&, std::size_t) {
    auto* const self = static_cast<ReadOperation*>(base);
    // The sink may own this operation, begin the next read, or end itself.
    boost::intrusive_ptr<ReadSink> sink = std::move(self->sink_);
    const ErrorCondition error = self->ec_;
    const std::size_t size = self->bytes_transferred_;
    const bool anew = std::exchange(self->anew_, false) && error == asio::error::operation_aborted;
    if (owner == nullptr) return;
    if (anew)
      self->transport_.read(self->to_, self->size_, std::move(sink), true);
    else
      sink->on_read(error, size);
  }

  Transport& transport_;
  int descriptor_ = -1;
  bool drained_ = false;
  bool anew_ = false;
  char* to_ = nullptr;
  std::size_t size_ = 0;
  boost::intrusive_ptr<ReadSink> sink_;
};

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(rt::Socket socket)
      : socket_(std::move(socket)),
        read_(*this),
        reactor_(asio::use_service<asio::detail::epoll_reactor>(socket_.get_executor().context())) {}

  void read(char* to, std::size_t size, boost::intrusive_ptr<ReadSink> sink, bool expected) override {
    read_.prepare(socket_.native_handle(), to, size, std::move(sink));
    if (expected && read_.drained() && socket_.is_open() && read_.perform() != ReadOperation::not_done) {
      reactor_.post_immediate_completion(&read_, false);
      return;
    }
    reactor_.start_op(asio::detail::epoll_reactor::read_op, socket_.native_handle(), socket_.registration(),
                      &read_, false, true);
  }

  void look_again() override {
    if (!read_.under_way()) return;
    char peeked = 0;
    if (::recv(socket_.native_handle(), &peeked, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) return;
    read_.begin_anew();
    reactor_.cancel_ops_by_key(socket_.native_handle(), socket_.registration(),
                               asio::detail::epoll_reactor::read_op, &read_);
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
  OpenSocket socket_;
  ReadOperation read_;
  asio::detail::epoll_reactor& reactor_;
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
