// SPDX-License-Identifier: Apache-2.0
// Calls one address over kept connections from one thread and times every call; prints one JSON object.
//   bench_load --port 8080 --path /v1/chat/completions --body FILE [--key KEY] --connections 32 --seconds 3
//              [--rate 5000] [--requests 0] [--stream 1] [--provider 9000]
// Without --rate each connection sends its next call when its last is answered. A call is timed from the
// write of the request to the last byte of the answer. With --stream the time to the first event and the
// delay of each event since it left bench_upstream are kept as well.
#include <algorithm>
#include <array>
#include <fstream>
#include <queue>
#include <sstream>
#include <vector>

#include "provider.h"
#include "wire.h"

namespace {

using namespace bench;

struct Options {
  std::uint16_t port = 8080;
  std::string path = "/v1/chat/completions";
  std::string body_file;
  std::string key;
  int connections = 1;
  double seconds = 1;
  double rate = 0;             // calls a second over all connections; 0: as fast as answers come
  std::int64_t requests = 0;   // stop after so many; 0: after `seconds`
  std::uint16_t provider = 0;  // 0: another process is
  int stream = 0;              // 1: the answers are streams of bench_upstream
};

struct Series {
  std::vector<std::int64_t> ns;

  void print(const char* name) {
    std::ranges::sort(ns);
    const auto at = [this](double q) {
      if (ns.empty()) return 0.0;
      const auto i = static_cast<std::size_t>(q * static_cast<double>(ns.size() - 1) + 0.5);
      return static_cast<double>(ns[i]) / 1000.0;
    };
    std::printf(
        ", \"%s\": {\"count\": %zu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, "
        "\"max_us\": %.1f}",
        name, ns.size(), at(0.5), at(0.9), at(0.99), at(0.999), at(1.0));
  }
};

struct Connection {
  Fd fd;
  std::string in;  // unread bytes: of the head, or of a chunk's size line
  std::int64_t sent_ns = 0;
  bool waiting = false;  // for an answer
  bool in_body = false;
  bool chunked = false;
  bool first_event = false;
  std::size_t left = 0;  // bytes of the body or of the chunk still to come
  std::string text;      // the end of a stream's text, where an event may be cut
};

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), epoll_(epoll_create1(0)), timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) {
    prctl(PR_SET_TIMERSLACK, 1);
    std::ifstream file{options.body_file};
    std::stringstream body;
    body << file.rdbuf();
    if (!file) die(options.body_file.c_str());
    request_ = "POST " + options.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n";
    if (!options.key.empty()) request_ += "Authorization: Bearer " + options.key + "\r\n";
    request_ += "Content-Length: " + std::to_string(body.str().size()) + "\r\n\r\n" + body.str();
    calls_.ns.reserve(1 << 20);
    if (options.provider != 0) {
      ProviderOptions provider;
      provider.port = options.provider;
      provider_ = std::make_unique<Provider>(provider);
      // Time for a proxy to see that connections to a provider before this one are closed.
      for (const std::int64_t until = now_ns() + 200'000'000; now_ns() < until;) provider_->poll(1);
    }
    connections_.resize(static_cast<std::size_t>(options.connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) open(i);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kTimer;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &event);
  }

  void run() {
    const std::int64_t start = now_ns();
    end_ns_ = start + static_cast<std::int64_t>(options_.seconds * 1e9);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (options_.rate > 0) {
        plan(i, start + static_cast<std::int64_t>(1e9 / options_.rate * static_cast<double>(i)));
      } else {
        send(i);
      }
    }
    arm();
    while (!done() || busy_ > 0) {
      std::array<epoll_event, 256> events{};
      if (provider_ != nullptr) provider_->poll(0);
      const int wait_ms = provider_ != nullptr ? 0 : 1000;
      const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms);
      // A server that has stopped answering ends the run instead of hanging it.
      if (count == 0 && now_ns() > end_ns_ + 5'000'000'000) break;
      for (int i = 0; i < count; ++i) {
        const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
        if (id == kTimer) {
          send_due();
        } else {
          receive(id);
        }
      }
    }
    const double took = static_cast<double>(now_ns() - start) / 1e9;
    std::printf(
        "{\"seconds\": %.3f, \"calls\": %zu, \"per_second\": %.1f, \"errors\": %lld, \"bad_status\": %lld",
        took, calls_.ns.size(), static_cast<double>(calls_.ns.size()) / took, errors_, bad_status_);
    calls_.print("call");
    if (options_.stream != 0) {
      first_events_.print("first_event");
      events_.print("event");
    }
    std::printf("}\n");
  }

 private:
  static constexpr std::uint64_t kTimer = ~std::uint64_t{0};

  void open(std::size_t i) {
    Connection fresh;
    fresh.fd = Fd{socket(AF_INET, SOCK_STREAM, 0)};
    const sockaddr_in address = loopback(options_.port);
    if (connect(fresh.fd.get(), as_sockaddr(address), sizeof address) != 0) die("connect");
    no_delay(fresh.fd.get());
    fcntl(fresh.fd.get(), F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fresh.fd.get(), &event);
    connections_[i] = std::move(fresh);
  }

  [[nodiscard]] bool done() const {
    if (options_.requests > 0) return sent_ >= options_.requests;
    return now_ns() >= end_ns_;
  }

  void plan(std::size_t i, std::int64_t when) { due_.emplace(when, i); }

  void send(std::size_t i) {
    Connection& connection = connections_[i];
    if (done()) return;
    ++sent_;
    ++busy_;
    connection.waiting = true;
    connection.first_event = false;
    connection.sent_ns = now_ns();
    if (write(connection.fd.get(), request_.data(), request_.size()) !=
        static_cast<ssize_t>(request_.size())) {
      broken(i);
    }
  }

  void broken(std::size_t i) {
    ++errors_;
    if (connections_[i].waiting) --busy_;
    if (errors_ > 1000) die("too many broken connections");
    open(i);
    next(i);
  }

  void next(std::size_t i) {
    if (options_.rate <= 0) {
      send(i);
      return;
    }
    const double gap = 1e9 / options_.rate * static_cast<double>(connections_.size());
    plan(i, std::max(now_ns(), connections_[i].sent_ns + static_cast<std::int64_t>(gap)));
    arm();
  }

  void send_due() {
    std::uint64_t ticks = 0;
    if (read(timer_.get(), &ticks, sizeof ticks) < 0) return;
    while (!due_.empty() && due_.top().first <= now_ns()) {
      const std::size_t i = due_.top().second;
      due_.pop();
      send(i);
    }
    arm();
  }

  void arm() {
    itimerspec when{};
    if (!due_.empty()) {
      when.it_value.tv_sec = due_.top().first / 1'000'000'000;
      when.it_value.tv_nsec = due_.top().first % 1'000'000'000;
    }
    timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void receive(std::size_t i) {
    std::array<char, 65536> buffer;
    Connection& connection = connections_[i];
    const ssize_t got = read(connection.fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      broken(i);
      return;
    }
    const std::int64_t now = now_ns();
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    if (!consume(connection, now)) return;
    calls_.ns.push_back(now - connection.sent_ns);
    connection.waiting = false;
    --busy_;
    next(i);
  }

  // True at the end of the answer.
  bool consume(Connection& connection, std::int64_t now) {
    std::string& in = connection.in;
    if (!connection.in_body) {
      const std::size_t end = in.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      const std::string_view head = std::string_view{in}.substr(0, end + 2);
      if (!head.substr(8).starts_with(" 200")) ++bad_status_;
      connection.chunked = header(head, "transfer-encoding").starts_with("chunked");
      connection.left = connection.chunked ? 0 : number(header(head, "content-length"));
      connection.in_body = true;
      in.erase(0, end + 4);
    }
    if (!connection.chunked) {
      const std::size_t take = std::min(in.size(), connection.left);
      connection.left -= take;
      in.erase(0, take);
      connection.in_body = connection.left > 0;
      return connection.left == 0;
    }
    std::size_t at = 0;
    bool ended = false;
    while (!ended) {
      if (connection.left > 0) {  // of the chunk, its line end included
        const std::size_t take = std::min(in.size() - at, connection.left);
        if (take == 0) break;
        const std::size_t text = connection.left > 2 ? std::min(take, connection.left - 2) : 0;
        if (options_.stream != 0) read_events(connection, std::string_view{in}.substr(at, text), now);
        connection.left -= take;
        at += take;
        continue;
      }
      const std::size_t line = in.find("\r\n", at);
      if (line == std::string::npos) break;
      const std::size_t size = number(std::string_view{in}.substr(at, line - at), 16);
      if (size == 0) {
        if (in.size() < line + 4) break;
        at = line + 4;
        ended = true;
        connection.in_body = false;
        connection.text.clear();
      } else {
        at = line + 2;
        connection.left = size + 2;
      }
    }
    in.erase(0, at);
    return ended;
  }

  void read_events(Connection& connection, std::string_view text, std::int64_t now) {
    connection.text.append(text);
    std::size_t at = 0;
    for (;;) {
      const std::size_t mark = connection.text.find(" t=", at);
      if (mark == std::string::npos) break;
      const std::size_t end = connection.text.find(' ', mark + 3);
      if (end == std::string::npos) break;
      const auto left_at = static_cast<std::int64_t>(
          number(std::string_view{connection.text}.substr(mark + 3, end - mark - 3)));
      if (!connection.first_event) {
        connection.first_event = true;
        first_events_.ns.push_back(now - connection.sent_ns);
      }
      events_.ns.push_back(now - left_at);
      at = end;
    }
    connection.text.erase(0, std::max(at, connection.text.size() > 64 ? connection.text.size() - 64 : 0));
  }

  using Due = std::pair<std::int64_t, std::size_t>;  // when, which connection

  Options options_;
  std::unique_ptr<Provider> provider_;
  std::string request_;
  Fd epoll_;
  Fd timer_;
  std::vector<Connection> connections_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::int64_t end_ns_ = 0;
  std::int64_t sent_ = 0;
  std::int64_t busy_ = 0;
  long long errors_ = 0;
  long long bad_status_ = 0;
  Series calls_;
  Series first_events_;
  Series events_;
};

}  // namespace

int main(int count, char** arguments) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const char* value = arguments[i + 1];
    if (name == "--port") {
      read_option(name, value, options.port);
    } else if (name == "--path") {
      options.path = value;
    } else if (name == "--body") {
      options.body_file = value;
    } else if (name == "--key") {
      options.key = value;
    } else if (name == "--connections") {
      read_option(name, value, options.connections);
    } else if (name == "--seconds") {
      read_option(name, value, options.seconds);
    } else if (name == "--rate") {
      read_option(name, value, options.rate);
    } else if (name == "--requests") {
      read_option(name, value, options.requests);
    } else if (name == "--provider") {
      read_option(name, value, options.provider);
    } else if (name == "--stream") {
      read_option(name, value, options.stream);
    } else {
      std::fprintf(stderr, "bench_load: unknown option %s\n", arguments[i]);
      return 2;
    }
  }
  Load{options}.run();
}
