// SPDX-License-Identifier: Apache-2.0
#include "net/client_core.h"

#include <netdb.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "net/client_call.h"

namespace slipway::net {
namespace {

namespace asio = rt::asio;

constexpr std::size_t kBuffer = 8u << 10;
constexpr std::size_t kKeptStorage = 64u << 10;
constexpr std::size_t kSpareBuffers = 256;
constexpr std::int64_t kNameLifetimeNs = 30'000'000'000;
constexpr std::size_t kNames = 4'096;
// After this long an idle connection is asked whether its end came together with its last response.
constexpr std::uint32_t kLookAgainMs = 200;

struct Found {
  std::vector<rt::tcp::endpoint> endpoints;
  std::string failure;
};

// Blocks; on the pool.
Found find_addresses(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (status != 0) {
    // AI_ADDRCONFIG hides loopback names on a machine without any other network.
    hints.ai_flags = 0;
    status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  }
  Found found;
  if (status != 0) {
    found.failure = ::gai_strerror(status);
    return found;
  }
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    if (at->ai_family == AF_INET) {
      sockaddr_in address{};
      std::memcpy(&address, at->ai_addr, sizeof(address));
      found.endpoints.emplace_back(asio::ip::address_v4(ntohl(address.sin_addr.s_addr)), port);
    } else if (at->ai_family == AF_INET6) {
      sockaddr_in6 address{};
      std::memcpy(&address, at->ai_addr, sizeof(address));
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
      found.endpoints.emplace_back(asio::ip::address_v6(bytes, address.sin6_scope_id), port);
    }
  }
  ::freeaddrinfo(list);
  if (found.endpoints.empty()) found.failure = "the name has no address";
  return found;
}

}  // namespace

// ---- connection ----

ClientConnection::ClientConnection(std::shared_ptr<ClientCore> core, ClientPool& pool,
                                   std::unique_ptr<Transport> stream)
    : transport(std::move(stream)),
      core_(std::move(core)),
      pool_(pool),
      idle_deadline_([this] { on_idle_deadline(); }) {
  ++pool_.open;
  ClientCore::add(core_->open, 1);
}

ClientConnection::~ClientConnection() { close(); }

void ClientConnection::close() {
  if (std::exchange(closed, true)) return;
  --pool_.open;
  ClientCore::add(core_->open, -1);
  idle_deadline_.disarm();
  transport->close();
}

void ClientConnection::read(MessageBuffer& into, bool expected) {
  reading = true;
  transport->read(into.data() + into.end, into.room(), this, expected);
}

void ClientConnection::on_idle_deadline() {
  if (!std::exchange(looked_again_, true)) {
    const std::uint32_t idle_ms = core_->limits.idle_ms;
    core_->loop.timers().arm(idle_deadline_, idle_ms - std::min(idle_ms, kLookAgainMs));
    transport->look_again();
    return;
  }
  const boost::intrusive_ptr<ClientConnection> self(this);
  std::erase(pool_.idle, self);
  ClientCore::add(core_->idle, -1);
  close();
}

void ClientConnection::on_read(ErrorCondition error, std::size_t size) {
  reading = false;
  retired.reset();
  if (user != nullptr) {
    user->on_data(error, size);
    return;
  }
  if (closed) return;
  // Idle: the other side closed it, or says something nobody asked for. Either way it is of no more use.
  const boost::intrusive_ptr<ClientConnection> self(this);
  if (std::erase(pool_.idle, self) > 0) ClientCore::add(core_->idle, -1);
  close();
}

void ClientConnection::become_idle() {
  user = nullptr;
  if (core_->closed || pool_.idle.size() >= core_->limits.idle_per_origin) {
    close();
    return;
  }
  buffer = core_->take_buffer();
  pool_.idle.emplace_back(this);
  ClientCore::add(core_->idle, 1);
  looked_again_ = false;
  core_->loop.timers().arm(idle_deadline_, std::min(core_->limits.idle_ms, kLookAgainMs));
  read(*buffer, false);
}

// ---- core ----

ClientPool& ClientCore::pool(const Origin& origin) {
  if (origin.ca_file.empty() && origin.verify) {
    if (const auto found = pools_.find(std::string_view(origin.key)); found != pools_.end())
      return found->second;
    return pools_[origin.key];
  }
  // Connections made under other trust must not be mixed.
  return pools_[origin.key + (origin.verify ? "#" : "#unverified#") + origin.ca_file];
}

std::unique_ptr<MessageBuffer> ClientCore::take_buffer() {
  std::unique_ptr<MessageBuffer> buffer;
  if (spare_.empty()) {
    buffer = std::make_unique<MessageBuffer>();
  } else {
    buffer = std::move(spare_.back());
    spare_.pop_back();
  }
  buffer->grow(kBuffer);
  return buffer;
}

void ClientCore::give_back(std::unique_ptr<MessageBuffer> buffer) {
  if (buffer == nullptr || spare_.size() >= kSpareBuffers) return;
  buffer->reset(kKeptStorage);
  spare_.push_back(std::move(buffer));
}

ClientCore::Addresses& ClientCore::look_up(const Origin& origin) {
  if (names_.size() > kNames)
    std::erase_if(names_,
                  [](const auto& name) { return !name.second.pending && name.second.waiters.empty(); });
  const std::string key = origin.host + ":" + std::to_string(origin.port);
  Addresses& entry = names_[key];
  if (entry.pending || (entry.expires_ns > mono_now_ns() && !entry.endpoints.empty())) return entry;
  ErrorCondition not_address;
  const asio::ip::address literal = asio::ip::make_address(origin.host, not_address);
  entry.failure.clear();
  entry.endpoints.clear();
  entry.expires_ns = mono_now_ns() + kNameLifetimeNs;
  if (!not_address) {
    entry.endpoints.emplace_back(literal, origin.port);
    return entry;
  }
  entry.pending = true;
  // The pool thread must not touch the core: it carries a weak pointer and the answer back to the loop.
  Result<> queued = resolver_.submit(
      [weak = weak_from_this(), executor = loop.executor(), key, host = origin.host, port = origin.port] {
        asio::post(executor, [weak, key, found = find_addresses(host, port)]() mutable {
          const std::shared_ptr<ClientCore> core = weak.lock();
          if (core == nullptr) return;
          Addresses& done = core->names_[key];
          done.pending = false;
          done.endpoints = std::move(found.endpoints);
          done.failure = std::move(found.failure);
          done.expires_ns = mono_now_ns() + kNameLifetimeNs;
          while (!done.waiters.empty()) {
            LookupWaiter& waiter = done.waiters.front();
            done.waiters.pop_front();
            waiter.answered = true;
            waiter.endpoints = done.endpoints;
            waiter.failure = done.failure;
            waiter.event->set();
          }
        });
      });
  if (!queued) {
    entry.pending = false;
    entry.failure = queued.error().message;
  }
  return entry;
}

rt::Task<Result<std::shared_ptr<TlsContext>>> ClientCore::tls_context(std::string ca_file, bool verify) {
  const std::pair<std::string, bool> key(ca_file, verify);
  if (const auto found = tls_contexts_.find(key); found != tls_contexts_.end()) co_return found->second;
  std::function<Result<std::shared_ptr<TlsContext>>()> make = [ca_file, verify] {
    return make_client_tls_context(ca_file, verify);
  };
  Result<std::shared_ptr<TlsContext>> made =
      co_await resolver_.run<std::shared_ptr<TlsContext>>(std::move(make));
  if (made) tls_contexts_[key] = *made;
  co_return made;
}

void ClientCore::close() {
  closed = true;
  for (auto& [key, pool] : pools_) {
    std::vector<boost::intrusive_ptr<ClientConnection>> idle_now = std::exchange(pool.idle, {});
    for (const auto& connection : idle_now) {
      add(idle, -1);
      connection->close();
    }
  }
  while (!calls.empty()) {
    CallHook& call = calls.front();
    calls.pop_front();
    call.shut_down();
  }
}

}  // namespace slipway::net
