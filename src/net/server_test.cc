// SPDX-License-Identifier: Apache-2.0
#include "net/server.h"

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <stdexcept>
#include <tuple>

#include "net/test_world.h"
#include "rt/event.h"

namespace slipway::net {
namespace {

using testing::RawClient;
using testing::World;

rt::Task<void> echo(Exchange& exchange) {
  std::string text(exchange.method());
  text.append(" ").append(exchange.path()).append("|").append(exchange.query()).append("|");
  text.append(exchange.headers().find("x-note")).append("|").append(exchange.body());
  const Header type{"Content-Type", "text/plain"};
  const Result<> sent = co_await exchange.send(200, std::span(&type, 1), text);
  EXPECT_TRUE(sent);
}

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

TEST(Server, AnswersAndKeepsTheConnection) {
  World world;
  const std::uint16_t port = world.serve(echo);
  RawClient client(port);
  for (int i = 0; i < 3; ++i) {
    client.send("GET /a/b?c=d HTTP/1.1\r\nHost: x\r\nX-Note: hello\r\n\r\n");
    const std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
    EXPECT_EQ(body_of(answer), "GET /a/b|c=d|hello|");
  }
  EXPECT_EQ(world.server->counters().requests, 3u);
  EXPECT_EQ(world.server->counters().connections_open, 1u);
}

TEST(Server, ReadsBodiesOfKnownLengthInAnyPieces) {
  World world;
  RawClient client(world.serve(echo));
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
  for (const char c : head + "hello") client.send(std::string_view(&c, 1));
  EXPECT_EQ(body_of(client.read_answer()),
            "POST /||"
            "|hello");
  const std::string big(3'000'000, 'b');
  client.send("POST / HTTP/1.1\r\nHost: x\r\nX-Note: big\r\nContent-Length: 3000000\r\n\r\n");
  client.send(big);
  EXPECT_EQ(body_of(client.read_answer()), "POST /||big|" + big);
}

TEST(Server, JoinsChunkedBodies) {
  World world;
  RawClient client(world.serve(echo));
  const std::string request =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;ext=1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: t\r\n\r\n";
  client.send(request);
  EXPECT_EQ(body_of(client.read_answer()), "POST /|||hello world");
  for (const char c : request) client.send(std::string_view(&c, 1));
  EXPECT_EQ(body_of(client.read_answer()), "POST /|||hello world");
  std::string large;
  std::string expected;
  for (int i = 0; i < 3'000; ++i) {
    large += "64\r\n" + std::string(100, static_cast<char>('a' + i % 26)) + "\r\n";
    expected += std::string(100, static_cast<char>('a' + i % 26));
  }
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + large + "0\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "POST /|||" + expected);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  World world;
  RawClient client(world.serve(echo));
  std::string all;
  for (int i = 0; i < 500; ++i)
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
  client.send(all);
  for (int i = 0; i < 500; ++i)
    ASSERT_EQ(body_of(client.read_answer()), "POST /" + std::to_string(i) + "|||body");
}

// ---- protocol corners ----

TEST(Server, SpeaksHttp10) {
  World world;
  const std::uint16_t port = world.serve(echo);
  RawClient closing(port);
  closing.send("GET /old HTTP/1.0\r\n\r\n");
  std::string answer = closing.read_to_end();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_EQ(body_of(answer), "GET /old|||");
  RawClient keeping(port);
  keeping.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  answer = keeping.read_answer();
  EXPECT_NE(answer.find("Connection: keep-alive\r\n"), std::string::npos) << answer;
  keeping.send("GET /again HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(body_of(keeping.read_answer()), "GET /again|||");
}

TEST(Server, ClosesWhenAskedTo) {
  World world;
  RawClient client(world.serve(echo));
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_EQ(client.error(), boost::asio::error::eof);
}

TEST(Server, AnswersHeadWithoutABody) {
  World world;
  RawClient client(world.serve(echo));
  client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 10\r\n"), std::string::npos) << head;
  EXPECT_EQ(body_of(client.read_answer()), "GET /g|||");
}

TEST(Server, UnderstandsAbsoluteTargetsAndEmptyLines) {
  World world;
  RawClient client(world.serve(echo));
  client.send("\r\n\r\nGET http://example.com/p/q?r HTTP/1.1\r\nHost: example.com\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "GET /p/q|r||");
  client.send("GET http://example.com HTTP/1.1\r\nHost: example.com\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "GET /|||");
  client.send("OPTIONS * HTTP/1.1\r\nHost: example.com\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "OPTIONS *|||");
}

TEST(Server, SaysContinueBeforeABodyThatWaitsForIt) {
  World world;
  RawClient client(world.serve(echo));
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(body_of(client.read_answer()), "POST /|||abc");
  // Who does not wait is not told.
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(body_of(client.read_answer()), "POST /|||abc");
}

// ---- streaming ----

rt::Task<void> stream(Exchange& exchange) {
  const Header type{"Content-Type", "text/event-stream"};
  Result<> done = co_await exchange.start(200, std::span(&type, 1));
  EXPECT_TRUE(done);
  done = co_await exchange.write("one");
  EXPECT_TRUE(done);
  done = co_await exchange.write("");
  EXPECT_TRUE(done);
  const std::string large(40'000, 'L');
  done = co_await exchange.write(large);
  EXPECT_TRUE(done);
  if (exchange.path() == "/cut") co_return;
  if (exchange.path() == "/throw") throw std::runtime_error("in the middle");
  done = co_await exchange.finish();
  EXPECT_TRUE(done);
}

TEST(Server, StreamsInChunks) {
  World world;
  RawClient client(world.serve(stream));
  for (int i = 0; i < 2; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
    EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
    EXPECT_EQ(client.read_until("0\r\n\r\n"),
              "3\r\none\r\n9c40\r\n" + std::string(40'000, 'L') + "\r\n0\r\n\r\n");
  }
}

TEST(Server, StreamsUntilCloseForHttp10) {
  World world;
  RawClient client(world.serve(stream));
  client.send("GET / HTTP/1.0\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_EQ(body_of(answer), "one" + std::string(40'000, 'L'));
  EXPECT_EQ(client.error(), boost::asio::error::eof);
}

TEST(Server, ACutStreamCanBeToldFromAFinishedOne) {
  World world;
  const std::uint16_t port = world.serve(stream);
  for (const std::string path : {"/cut", "/throw"}) {
    RawClient chunked(port);
    chunked.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_FALSE(chunked.read_to_end().ends_with("0\r\n\r\n"));
    RawClient old(port);
    old.send("GET " + path + " HTTP/1.0\r\n\r\n");
    old.read_to_end();
    EXPECT_EQ(old.error(), boost::asio::error::connection_reset);
  }
}

struct HeadFirst {
  rt::Event go_on;
  static rt::Task<void> run(Exchange& exchange, HeadFirst& control) {
    Result<> done = co_await exchange.start(200, {});
    EXPECT_TRUE(done);
    co_await control.go_on.wait();
    done = co_await exchange.finish();
    EXPECT_TRUE(done);
  }
};

TEST(Server, TheHeadOfAStreamDoesNotWaitForItsFirstPiece) {
  World world;
  HeadFirst control;
  RawClient client(world.serve([&control](Exchange& exchange) { return HeadFirst::run(exchange, control); }));
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
  world.loop.post([&control] { control.go_on.set(); });
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "0\r\n\r\n");
}

// ---- handlers that misbehave ----

rt::Task<void> misbehave(Exchange& exchange) {
  if (exchange.path() == "/throw") throw std::runtime_error("a defect");
  if (exchange.path() == "/inject") {
    const Header bad{"X-A", "b\r\nX-Injected: c"};
    const Result<> refused = co_await exchange.send(200, std::span(&bad, 1), "");
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
  if (exchange.path() == "/twice") {
    const Result<> first = co_await exchange.send(200, {}, "first");
    EXPECT_TRUE(first);
    const Result<> second = co_await exchange.send(200, {}, "second");
    EXPECT_FALSE(second);
  }
  if (exchange.path() == "/framing") {
    const std::array<Header, 4> framing{Header{"Content-Length", "99"},
                                        Header{"transfer-encoding", "chunked"}, Header{"Connection", "close"},
                                        Header{"Date", "never"}};
    const Result<> sent = co_await exchange.send(200, framing, "abc");
    EXPECT_TRUE(sent);
  }
}

TEST(Server, HandlersWithoutAnAnswerGiveA500) {
  World world;
  const std::uint16_t port = world.serve(misbehave);
  for (const std::string path : {"/none", "/throw", "/inject"}) {
    RawClient client(port);
    client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
    EXPECT_EQ(answer.find("X-Injected"), std::string::npos);
  }
  RawClient twice(port);
  twice.send("GET /twice HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(body_of(twice.read_to_end()), "first");
  RawClient framing(port);
  framing.send("GET /framing HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = framing.read_to_end();
  EXPECT_NE(answer.find("Content-Length: 3\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("99"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("chunked"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("never"), std::string::npos) << answer;
}

// ---- clients that leave, servers that stop ----

struct Waiting {
  std::promise<void> in_handler;
  std::promise<Error> left;
  static rt::Task<void> run(Exchange& exchange, Waiting& control, bool streaming) {
    Result<> done;
    if (streaming) {
      done = co_await exchange.start(200, {});
      EXPECT_TRUE(done);
      done = co_await exchange.write("first");
      EXPECT_TRUE(done);
    }
    rt::Event cancelled;
    const rt::CancelCallback callback(exchange.cancel(), [&cancelled] { cancelled.set(); });
    control.in_handler.set_value();
    co_await cancelled.wait();
    if (streaming)
      done = co_await exchange.write("more");
    else
      done = co_await exchange.send(200, {}, "late");
    control.left.set_value(done ? Error{} : done.error());
  }
};

// Nothing tells of such an end but looking again: its event was spent on the request.
TEST(Server, SeesAnEndThatCameWithItsRequest) {
  for (const bool resets : {false, true}) {
    World world;
    Waiting control;
    RawClient client(world.serve([&control](Exchange& exchange) -> rt::Task<void> {
      if (exchange.path() == "/first") return echo(exchange);
      return Waiting::run(exchange, control, false);
    }));
    client.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200 "));
    std::promise<void> sent;
    world.loop.post([&sent] { sent.get_future().wait(); });  // reads only when both are there
    client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    if (resets)
      client.reset();
    else
      client.close();
    sent.set_value();
    EXPECT_EQ(control.left.get_future().get().code, ErrorCode::kCancelled);
  }
}

// The same while nothing runs: the connection is let go long before its keep-alive time is over.
TEST(Server, LetsGoOfAConnectionWhoseEndCameWithItsRequest) {
  World world;
  RawClient client(world.serve(echo));
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200 "));
  std::promise<void> sent;
  world.loop.post([&sent] { sent.get_future().wait(); });
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.half_close();
  sent.set_value();
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 200 "));  // up to the server's end
}

class ClientLeaves : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(ClientLeaves, TheHandlerIsCancelled) {
  const auto [streaming, resets] = GetParam();
  World world;
  Waiting control;
  RawClient client(world.serve([&control, streaming = streaming](Exchange& exchange) {
    return Waiting::run(exchange, control, streaming);
  }));
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  control.in_handler.get_future().wait();
  if (resets)
    client.reset();
  else
    client.close();
  EXPECT_EQ(control.left.get_future().get().code, ErrorCode::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Server, ClientLeaves, ::testing::Combine(::testing::Bool(), ::testing::Bool()));

TEST(Server, PipelinedBytesAreNotTakenForLeaving) {
  World world;
  HeadFirst control;
  RawClient client(world.serve([&control](Exchange& exchange) { return HeadFirst::run(exchange, control); }));
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(request);
  client.read_until("\r\n\r\n");
  // Far beyond what is kept: the server stops reading, it does not drop the connection.
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += request;
  std::thread sender([&client, &many] { client.send(many); });
  world.loop.post([&control] { control.go_on.set(); });
  client.read_until("0\r\n\r\n");
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(client.read_until("0\r\n\r\n").ends_with("0\r\n\r\n")) << i;
  sender.join();
}

TEST(Server, StopDrainsRunningExchanges) {
  World world;
  HeadFirst control;
  const std::uint16_t port =
      world.serve([&control](Exchange& exchange) { return HeadFirst::run(exchange, control); });
  RawClient idle(port);
  RawClient busy(port);
  busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  busy.read_until("\r\n\r\n");
  std::thread stopping([&world] { world.server->stop(60'000); });
  EXPECT_EQ(idle.read_to_end(), "");  // idle ones are closed at once
  EXPECT_THROW(RawClient late(port), boost::system::system_error);
  world.loop.post([&control] { control.go_on.set(); });
  EXPECT_EQ(busy.read_to_end(), "0\r\n\r\n");
  stopping.join();
  EXPECT_EQ(world.server->counters().connections_open, 0u);
}

TEST(Server, StopCancelsWhatDoesNotEnd) {
  World world;
  Waiting control;
  RawClient client(
      world.serve([&control](Exchange& exchange) { return Waiting::run(exchange, control, false); }));
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  control.in_handler.get_future().wait();
  world.server->stop(20);
  EXPECT_EQ(control.left.get_future().get().code, ErrorCode::kCancelled);
  EXPECT_EQ(world.server->counters().connections_open, 0u);
}

TEST(Server, SaysWhyItCannotListen) {
  World world;
  world.serve(echo);
  rt::Loop& loop = world.loop;
  const auto bad_address = Server::listen(loop, {.address = "localhost", .port = 0}, echo, {});
  ASSERT_FALSE(bad_address);
  EXPECT_EQ(bad_address.error().code, ErrorCode::kInvalidArgument);
  const auto not_ours = Server::listen(loop, {.address = "192.0.2.1", .port = 0}, echo, {});
  ASSERT_FALSE(not_ours);
  EXPECT_EQ(not_ours.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace slipway::net
