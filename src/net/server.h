// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 server: one instance a loop, SO_REUSEPORT, TCP_NODELAY, optional TLS.
//
// One read is always outstanding on each connection: the read that will bring the next request also notices,
// while a handler runs, that the client has left (Exchange::cancel()), without a system call of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "net/http.h"
#include "rt/cancel.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace slipway::net {

// One request and its answer. Views are valid until the handler returns. Lives on its connection's loop.
class Exchange {
 public:
  virtual ~Exchange() = default;

  [[nodiscard]] virtual std::string_view method() const = 0;
  [[nodiscard]] virtual std::string_view target() const = 0;  // as received: path and query
  [[nodiscard]] virtual std::string_view path() const = 0;    // not percent-decoded
  [[nodiscard]] virtual std::string_view query() const = 0;   // without '?'
  [[nodiscard]] virtual const HeaderView& headers() const = 0;
  [[nodiscard]] virtual std::string_view body() const = 0;  // whole, chunks already joined
  [[nodiscard]] virtual std::string_view peer_address() const = 0;
  [[nodiscard]] virtual bool secure() const = 0;  // came over TLS
  // Monotonic nanoseconds at which the request's last byte had been read.
  [[nodiscard]] virtual std::int64_t received_ns() const = 0;

  // Cancelled when the client has left (or the server is stopping hard). Attach upstream work to it.
  [[nodiscard]] virtual rt::CancelSource& cancel() = 0;

  // Sends a whole answer as one flat write; content-length, date and connection are added here.
  // Exactly one of send() or start() is called for a request. A handler that returns without answering gives
  // a 500.
  virtual rt::Task<Result<>> send(int status, std::span<const Header> headers, std::string_view body) = 0;
  // Starts a streamed answer (chunked; until close for HTTP/1.0).
  virtual rt::Task<Result<>> start(int status, std::span<const Header> headers) = 0;
  // Writes one piece and waits until the kernel took it (backpressure). kCancelled when the client is gone,
  // kDeadlineExceeded when it does not read for write_timeout.
  virtual rt::Task<Result<>> write(std::string_view piece) = 0;
  // Ends a streamed answer. Not calling it after start() closes the connection abnormally, so that the client
  // can tell a cut stream from a finished one.
  virtual rt::Task<Result<>> finish() = 0;
  [[nodiscard]] virtual bool started() const = 0;  // send() or start() was called
};

using Handler = std::function<rt::Task<void>(Exchange&)>;
// Called for requests that never reach the handler (malformed, too large, too slow): gives body and content
// type.
using RefusalFormatter =
    std::function<std::string(int status, std::string_view code, std::string_view sentence)>;

struct ServerLimits {
  std::size_t header_bytes = 64u << 10;
  std::size_t header_count = 100;
  std::size_t body_bytes = 32u << 20;
  std::uint32_t connections = 10'000;            // per loop; beyond it new connections get 503 and are closed
  std::uint32_t header_timeout_ms = 10'000;      // first byte of a request to end of headers (slow-loris)
  std::uint32_t body_timeout_ms = 60'000;        // silence while reading a body
  std::uint32_t keep_alive_timeout_ms = 75'000;  // idle between requests
  std::uint32_t write_timeout_ms = 30'000;       // a client that does not read
};

struct ServerTls {
  std::string certificate_file;  // PEM chain
  std::string key_file;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0 picks a free one; port() tells which
  ServerLimits limits = {};
  std::optional<ServerTls> tls = {};
  RefusalFormatter format_refusal = {};  // empty: application/problem+json
};

struct ServerCounters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t requests = 0;
  std::uint64_t refusals = 0;  // answered here without the handler
};

// Listens on one loop. Create, start and stop on any thread; everything else happens on the loop.
class Server {
 public:
  static Result<std::unique_ptr<Server>> listen(rt::Loop& loop, ServerOptions options, Handler handler,
                                                Logger log);
  virtual ~Server() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // Stops accepting, closes idle connections, lets running exchanges finish for `drain_ms`, then cancels
  // them, and returns when the last one has ended. Blocks the calling thread, which must not be the loop's.
  virtual void stop(std::uint32_t drain_ms) = 0;
  [[nodiscard]] virtual ServerCounters counters() const = 0;  // any thread
};

}  // namespace slipway::net
