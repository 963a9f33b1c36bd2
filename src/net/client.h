// SPDX-License-Identifier: Apache-2.0
// Pooled HTTP/1.1 client: one instance a loop, keep-alive, TLS with the system's trust store or a custom CA.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "net/http.h"
#include "rt/blocking_pool.h"
#include "rt/cancel.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace slipway::net {

// scheme://host[:port][/prefix], taken apart once.
struct Origin {
  bool tls = false;
  std::string host;  // without brackets for IPv6
  std::uint16_t port = 0;
  std::string host_header;  // host[:port] as sent
  std::string prefix;       // path prefix without a trailing slash, may be empty
  std::string key;          // identity for pooling: scheme, host, port and TLS options
  std::string ca_file;      // empty: the system's trust store
  bool verify = true;
  // False: a name that leads to a loopback, private, link-local or otherwise special address is refused with
  // kPermissionDenied, however it got there (DNS included), so that no one reaches internal services through
  // us.
  bool private_allowed = true;
};
// True for addresses that are not on the public Internet (RFC 6890's special-purpose ranges).
bool is_private_address(const rt::asio::ip::address& address);
Result<Origin> parse_origin(std::string_view url);

struct OutgoingRequest {
  std::string_view method = "POST";
  std::string_view target;               // prefix included
  std::span<const Header> headers = {};  // host, content-length and connection are added here
  std::string_view body = {};
};

// Milliseconds; each clock is off at 0. `total` bounds everything from connect to the last byte.
struct ClientClocks {
  std::uint32_t connect_ms = 5'000;
  std::uint32_t first_byte_ms = 120'000;  // request sent to the end of the response's headers
  std::uint32_t idle_ms = 60'000;         // silence between two pieces of the body
  std::uint32_t total_ms = 600'000;
};

// A response being read. Destroying it before the end closes the connection (never pooled); reading to the
// end returns the connection to the pool. Must be destroyed on its loop.
class ClientResponse {
 public:
  virtual ~ClientResponse() = default;
  [[nodiscard]] virtual int status() const = 0;
  [[nodiscard]] virtual const HeaderView& headers() const = 0;  // valid as long as the response lives
  // The next piece of the body as it arrived (chunk framing removed), empty at the end. The view is valid
  // until the next call. Errors: kDeadlineExceeded (which clock is in the message), kCancelled, kUnavailable
  // (cut).
  virtual rt::Task<Result<std::string_view>> read_piece() = 0;
  // The rest of the body. kResourceExhausted beyond limit_bytes. The view lives as long as the response.
  virtual rt::Task<Result<std::string_view>> read_all(std::size_t limit_bytes) = 0;
  // Nanoseconds (monotonic): when the connection was ready, when the request was written, when headers had
  // come.
  [[nodiscard]] virtual std::int64_t connected_ns() const = 0;
  [[nodiscard]] virtual std::int64_t sent_ns() const = 0;
  [[nodiscard]] virtual std::int64_t headers_ns() const = 0;
  [[nodiscard]] virtual bool reused_connection() const = 0;
};

struct ClientLimits {
  std::uint32_t connections_per_origin = 1'024;
  std::uint32_t idle_per_origin = 128;
  std::uint32_t idle_ms = 55'000;
  std::size_t header_bytes = 64u << 10;
};

struct ClientCounters {
  std::uint64_t open = 0;
  std::uint64_t idle = 0;
  std::uint64_t connects = 0;
  std::uint64_t reuses = 0;
  std::uint64_t failures = 0;
};

class Client {
 public:
  // `resolver` does DNS off the loop; answers are cached for 30 s.
  static std::unique_ptr<Client> create(rt::Loop& loop, rt::BlockingPool& resolver, ClientLimits limits,
                                        Logger log);
  virtual ~Client() = default;
  // Sends and waits for the response's headers. `cancel` may be null; cancelling it ends this call and later
  // reads with kCancelled and closes the connection. A pooled connection that the other side had closed
  // before a byte of the response came is replaced by a fresh one, once. All views in `request` must outlive
  // the await.
  virtual rt::Task<Result<std::unique_ptr<ClientResponse>>> send(const Origin& origin,
                                                                 OutgoingRequest request, ClientClocks clocks,
                                                                 rt::CancelSource* cancel) = 0;
  [[nodiscard]] virtual ClientCounters counters() const = 0;  // any thread
  // Closes idle connections; running responses end with kCancelled. On the loop.
  virtual void close() = 0;
};

}  // namespace slipway::net
