// SPDX-License-Identifier: Apache-2.0
// What the calls of one client share: pools, names, TLS contexts, spare buffers. Private to net; on one loop.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/client.h"
#include "net/message_buffer.h"
#include "net/transport.h"
#include "rt/event.h"

namespace slipway::net {

class ClientCore;
class ClientCall;

// What the core knows of a running call.
struct CallHook
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  virtual void shut_down() = 0;

 protected:
  ~CallHook() = default;
};

// The open and the idle connections of one origin.
class ClientConnection;
struct ClientPool {
  std::vector<boost::intrusive_ptr<ClientConnection>> idle;  // the latest used is at the back
  std::uint32_t open = 0;
};

// One connection to an origin, used by at most one call at a time. While idle it keeps a read outstanding, so
// that the other side's close is seen at once.
class ClientConnection final : public ReadSink {
 public:
  ClientConnection(std::shared_ptr<ClientCore> core, ClientPool& pool, std::unique_ptr<Transport> transport);
  ~ClientConnection() override;

  void on_read(ErrorCondition error, std::size_t size) override;
  void read(MessageBuffer& into, bool expected = true);  // as Transport::read()
  void close();
  void become_idle();
  void taken() { idle_deadline_.disarm(); }

  std::unique_ptr<Transport> transport;
  std::unique_ptr<MessageBuffer> buffer;   // what the idle read fills; a call takes it over
  std::unique_ptr<MessageBuffer> retired;  // of a call that went while a read was under way
  std::string out;
  ClientCall* user = nullptr;
  bool reading = false;
  bool closed = false;

 private:
  std::shared_ptr<ClientCore> core_;
  void on_idle_deadline();
  ClientPool& pool_;
  rt::Deadline idle_deadline_;
  bool looked_again_ = false;
};

// A call that waits for a name.
struct LookupWaiter
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  rt::Event* event = nullptr;
  bool answered = false;
  std::vector<rt::tcp::endpoint> endpoints;
  std::string failure;
};

class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  ClientCore(rt::Loop& on, rt::BlockingPool& resolver, ClientLimits with, Logger to)
      : loop(on), limits(with), log(std::move(to)), resolver_(resolver) {}

  struct Addresses {
    std::vector<rt::tcp::endpoint> endpoints;
    std::string failure;
    std::int64_t expires_ns = 0;
    bool pending = false;
    boost::intrusive::list<LookupWaiter, boost::intrusive::constant_time_size<false>> waiters;
  };
  // Addresses of a name, from the cache, or being looked up (`pending`: register a waiter).
  Addresses& look_up(const Origin& origin);
  // Made on the blocking pool once (the trust store takes milliseconds to read), then shared.
  rt::Task<Result<std::shared_ptr<TlsContext>>> tls_context(std::string ca_file, bool verify);
  ClientPool& pool(const Origin& origin);
  std::unique_ptr<MessageBuffer> take_buffer();
  void give_back(std::unique_ptr<MessageBuffer> buffer);
  void close();

  rt::Loop& loop;
  const ClientLimits limits;
  Logger log;
  bool closed = false;
  boost::intrusive::list<CallHook, boost::intrusive::constant_time_size<false>> calls;
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> idle{0};
  std::atomic<std::uint64_t> connects{0};
  std::atomic<std::uint64_t> reuses{0};
  std::atomic<std::uint64_t> failures{0};

  static void add(std::atomic<std::uint64_t>& counter, std::int64_t amount) {
    counter.store(counter.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(amount),
                  std::memory_order_relaxed);
  }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  rt::BlockingPool& resolver_;
  std::unordered_map<std::string, ClientPool, TextHash, std::equal_to<>> pools_;
  std::unordered_map<std::string, Addresses, TextHash, std::equal_to<>> names_;
  std::map<std::pair<std::string, bool>, std::shared_ptr<TlsContext>> tls_contexts_;
  std::vector<std::unique_ptr<MessageBuffer>> spare_;
};

}  // namespace slipway::net
