// SPDX-License-Identifier: Apache-2.0
// An instant provider that speaks OpenAI's chat completions on one thread: a 1 KB answer at once, or, for a
// request with "stream":true, events of which the first leaves at once and each carries the moment it left
// ("t=<nanoseconds>").
#pragma once

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>

#include <array>
#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

#include "wire.h"

namespace bench {

struct ProviderOptions {
  std::uint16_t port = 9000;
  int events = 50;
  std::int64_t every_ns = 2'000'000;
};

struct ProviderConnection {
  Fd fd;
  std::uint64_t id = 0;
  std::string in;
  int events_left = -1;  // -1: not streaming
  bool usage = false;
};

inline constexpr std::string_view kEventHead =
    R"({"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini-2024-07-18",)"
    R"("service_tier":"default","system_fingerprint":"fp_bench",)";

inline std::string chunk(std::string_view event) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", event.size());
  return std::string{size}.append(event).append("\r\n");
}

inline std::string plain_answer() {
  std::string body =
      R"({"id":"chatcmpl-bench","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini-2024-07-18",)"
      R"("choices":[{"index":0,"message":{"role":"assistant","content":"@","refusal":null,"annotations":[]},)"
      R"("logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":42,"completion_tokens":128,)"
      R"("total_tokens":170,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":)"
      R"({"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},)"
      R"("service_tier":"default","system_fingerprint":"fp_bench"})";
  std::string text;
  while (body.size() + text.size() < 1024) text += "tokens and words ";
  text.resize(1025 - body.size());
  body.replace(body.find('@'), 1, text);
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Provider {
 public:
  explicit Provider(const ProviderOptions& options)
      : options_(options), epoll_(epoll_create1(0)), timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) {
    prctl(PR_SET_TIMERSLACK, 1);
    listener_ = Fd{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    const int one = 1;
    setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const sockaddr_in address = loopback(options.port);
    if (bind(listener_.get(), as_sockaddr(address), sizeof address) != 0) die("bind");
    if (listen(listener_.get(), 1024) != 0) die("listen");
    watch(listener_.get(), kListener);
    watch(timer_.get(), kTimer);
  }

  // Serves what is ready; waits up to `timeout_ms` for it (-1: for ever, 0: not at all).
  void poll(int timeout_ms) {
    std::array<epoll_event, 256> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == kListener) {
        accept_all();
      } else if (id == kTimer) {
        std::uint64_t ticks = 0;
        if (read(timer_.get(), &ticks, sizeof ticks) < 0) continue;
        emit_due();
      } else if (const auto found = connections_.find(id); found != connections_.end()) {
        if (!serve(*found->second)) connections_.erase(found);
      }
    }
  }

 private:
  static constexpr std::uint64_t kListener = 0;
  static constexpr std::uint64_t kTimer = 1;

  void watch(int fd, std::uint64_t id) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      Fd fd{accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK)};
      if (fd.get() < 0) return;
      no_delay(fd.get());
      auto connection = std::make_unique<ProviderConnection>();
      connection->fd = std::move(fd);
      connection->id = next_id_++;
      watch(connection->fd.get(), connection->id);
      connections_.emplace(connection->id, std::move(connection));
    }
  }

  // The answers are small and read at once, so a full socket buffer means a client that is stuck: drop it.
  static bool send_all(ProviderConnection& connection, std::string_view bytes) {
    return write(connection.fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }

  bool serve(ProviderConnection& connection) {
    std::array<char, 65536> buffer;
    const ssize_t got = read(connection.fd.get(), buffer.data(), buffer.size());
    if (got <= 0) return got < 0 && errno == EAGAIN;
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t end = connection.in.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    const std::string_view head = std::string_view{connection.in}.substr(0, end + 2);
    const std::size_t size = number(header(head, "content-length"));
    if (connection.in.size() < end + 4 + size) return true;
    const std::string body = connection.in.substr(end + 4, size);
    connection.in.erase(0, end + 4 + size);
    if (body.find("\"stream\":true") == std::string::npos &&
        body.find("\"stream\": true") == std::string::npos) {
      return send_all(connection, plain_);
    }
    connection.events_left = options_.events;
    connection.usage = body.find("\"include_usage\":true") != std::string::npos ||
                       body.find("\"include_usage\": true") != std::string::npos;
    if (!send_all(connection,
                  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n")) {
      return false;
    }
    return emit(connection);
  }

  // Sends the next event of a stream and plans the one after it.
  bool emit(ProviderConnection& connection) {
    const std::string tail = connection.usage ? R"(,"usage":null})" : "}";
    if (connection.events_left > 0) {
      --connection.events_left;
      due_.emplace(now_ns() + options_.every_ns, connection.id);
      arm();
      std::string event = "data: ";
      event.append(kEventHead).append(R"("choices":[{"index":0,"delta":{"content":" t=)");
      event.append(std::to_string(now_ns())).append(R"( "},"logprobs":null,"finish_reason":null}])");
      return send_all(connection, chunk(event.append(tail).append("\n\n")));
    }
    connection.events_left = -1;
    std::string last = "data: ";
    last.append(kEventHead)
        .append(R"("choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}])");
    last.append(tail).append("\n\n");
    if (connection.usage) {
      last.append("data: ")
          .append(kEventHead)
          .append(R"("choices":[],"usage":{"prompt_tokens":42,"completion_tokens":)");
      last.append(std::to_string(options_.events)).append(R"(,"total_tokens":)");
      last.append(std::to_string(42 + options_.events)).append("}}\n\n");
    }
    return send_all(connection, chunk(last) + chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  }

  void emit_due() {
    while (!due_.empty() && due_.top().first <= now_ns()) {
      const std::uint64_t id = due_.top().second;
      due_.pop();
      const auto found = connections_.find(id);
      if (found != connections_.end() && !emit(*found->second)) connections_.erase(found);
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

  using Due = std::pair<std::int64_t, std::uint64_t>;  // when, which connection

  ProviderOptions options_;
  Fd epoll_;
  Fd timer_;
  Fd listener_;
  std::uint64_t next_id_ = 2;
  std::unordered_map<std::uint64_t, std::unique_ptr<ProviderConnection>> connections_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::string plain_ = plain_answer();
};

}  // namespace bench
