// SPDX-License-Identifier: Apache-2.0
// Every limit of the server has a clear refusal, and a client that misbehaves gets no further than that.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "net/server.h"
#include "net/test_world.h"

namespace slipway::net {
namespace {

using testing::RawClient;
using testing::World;

rt::Task<void> ok(Exchange& exchange) {
  const Result<> sent = co_await exchange.send(200, {}, "ok");
  static_cast<void>(sent);
}

struct Case {
  std::string name;
  std::string request;
  int status;
  std::string code;
};

class Refused : public ::testing::TestWithParam<Case> {};

TEST_P(Refused, WithStatusCodeAndSentence) {
  World world;
  ServerOptions options;
  options.limits.header_bytes = 4'096;
  options.limits.header_count = 20;
  options.limits.body_bytes = 1'000;
  RawClient client(world.serve(ok, options));
  client.send(GetParam().request);
  const std::string answer = client.read_to_end();  // the server closes: nothing can be smuggled behind
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(GetParam().status) + " ")) << answer;
  EXPECT_NE(answer.find("\"code\":\"" + GetParam().code + "\""), std::string::npos) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Content-Type: application/problem+json\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("\nHTTP/1.1 "), std::string::npos) << "answered twice: " << answer;
  EXPECT_EQ(client.error(), boost::asio::error::eof) << "reset before the answer could be read";
  EXPECT_EQ(world.server->counters().requests, 0u);
  EXPECT_EQ(world.server->counters().refusals, 1u);
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: x\r\n";
const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

std::string many_headers(int count) {
  std::string out = kGet;
  for (int i = 0; i < count; ++i) out += "X-" + std::to_string(i) + ": v\r\n";
  return out + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Server, Refused,
    ::testing::Values(
        Case{"NotHttp", "\x16\x03\x01\x02\x05\x01\x03\x03", 400, "malformed_request"},
        Case{"Garbage", "GET\r\n\r\n", 400, "malformed_request"},
        Case{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400, "malformed_request"},
        Case{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed_request"},
        Case{"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "malformed_request"},
        Case{"FoldedHeader", kGet + "X-A: one\r\n two\r\n\r\n", 400, "malformed_request"},
        Case{"NulInValue", kGet + std::string("X-A: a\0b\r\n\r\n", 12), 400, "malformed_request"},
        Case{"BareLineFeed", "GET / HTTP/1.1\nHost: x\n\n", 400, "malformed_request"},
        Case{"Http2", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "http_version_not_supported"},
        Case{"Http3Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version_not_supported"},
        Case{"LongTarget", "GET /" + std::string(5'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414,
             "target_too_long"},
        Case{"LongTargetWithoutEnd", "GET /" + std::string(9'000, 'a'), 414, "target_too_long"},
        Case{"LongHeader", kGet + "X-Long: " + std::string(5'000, 'a') + "\r\n\r\n", 431,
             "headers_too_large"},
        Case{"HeaderWithoutEnd", kGet + "X-Long: " + std::string(9'000, 'a'), 431, "headers_too_large"},
        Case{"ManyHeaders", many_headers(21), 431, "too_many_headers"},
        Case{"BodyTooLarge", kPost + "Content-Length: 1001\r\n\r\n", 413, "body_too_large"},
        Case{"BodyHuge", kPost + "Content-Length: 18446744073709551615\r\n\r\n", 413, "body_too_large"},
        Case{"ChunksTooLarge",
             kPost + "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + std::string(1'000, 'x') + "\r\n1\r\n", 413,
             "body_too_large"},
        Case{"ChunkHuge", kPost + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413,
             "body_too_large"},
        Case{"ChunkOverflow", kPost + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", 400,
             "malformed_request"},
        Case{"ChunkGarbage", kPost + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed_request"},
        Case{"ChunkNotEnded", kPost + "Transfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n", 400,
             "malformed_request"},
        Case{"ChunkExtensionWithoutEnd",
             kPost + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(20'000, 'e'), 400,
             "malformed_request"},
        Case{"TwoLengths", kPost + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400,
             "malformed_request"},
        Case{"LengthList", kPost + "Content-Length: 2, 3\r\n\r\nabc", 400, "malformed_request"},
        Case{"NegativeLength", kPost + "Content-Length: -1\r\n\r\n", 400, "malformed_request"},
        Case{"SignedLength", kPost + "Content-Length: +2\r\n\r\nab", 400, "malformed_request"},
        Case{"LengthThenChunked",
             kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kSmuggled, 400,
             "malformed_request"},
        Case{"ChunkedThenLength",
             kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + kSmuggled, 400,
             "malformed_request"},
        Case{"OtherCoding", kPost + "Transfer-Encoding: gzip\r\n\r\n", 501, "not_implemented"},
        Case{"CodingList", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501,
             "not_implemented"},
        Case{"ChunkedNotLast", kPost + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + kSmuggled,
             501, "not_implemented"},
        Case{"ChunkedTwice",
             kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
             "malformed_request"},
        Case{"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
             "malformed_request"},
        Case{"OtherExpectation", kPost + "Expect: magic\r\nContent-Length: 1\r\n\r\na", 417,
             "expectation_failed"},
        Case{"Connect", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 501,
             "not_implemented"}),
    [](const auto& one) { return one.param.name; });

ServerOptions impatient() {
  ServerOptions options;
  options.limits.header_timeout_ms = 60;
  options.limits.body_timeout_ms = 60;
  options.limits.keep_alive_timeout_ms = 60;
  options.limits.write_timeout_ms = 60;
  return options;
}

TEST(ServerClocks, SlowHeadersGet408) {
  World world;
  RawClient client(world.serve(ok, impatient()));
  client.send("GET / HTTP/1.1\r\nHo");
  const std::string answer = client.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST(ServerClocks, DrippedHeadersDoNotStartTheClockAnew) {
  World world;
  RawClient client(world.serve(ok, impatient()));
  client.send("GET / HTTP/1.1\r\n");
  // A slow loris: a header every few milliseconds, for ever if it may.
  std::atomic<bool> answered = false;
  std::thread drip([&client, &answered] {
    boost::system::error_code error;
    while (!error && !answered) {
      boost::asio::write(client.socket(), boost::asio::buffer(std::string_view("X-A: b\r\n")), error);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  const std::string answer = client.read_to_end();
  answered = true;
  drip.join();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST(ServerClocks, SlowBodyGets408) {
  World world;
  RawClient client(world.serve(ok, impatient()));
  client.send(kPost + "Content-Length: 10\r\n\r\nabc");
  const std::string answer = client.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST(ServerClocks, SilentAndIdleConnectionsAreClosedWithoutAWord) {
  World world;
  const std::uint16_t port = world.serve(ok, impatient());
  RawClient silent(port);
  EXPECT_EQ(silent.read_to_end(), "");
  RawClient idle(port);
  idle.send(kGet + "\r\n");
  idle.read_answer();
  EXPECT_EQ(idle.read_to_end(), "");
}

struct Outcomes {
  std::promise<Error> error;
};

TEST(ServerClocks, AClientThatDoesNotReadIsGivenUp) {
  World world;
  Outcomes outcome;
  struct Flood {
    static rt::Task<void> run(Exchange& exchange, Outcomes& to) {
      const std::string piece(1u << 20, 'x');
      Result<> written = co_await exchange.start(200, {});
      while (written) written = co_await exchange.write(piece);
      to.error.set_value(written.error());
    }
  };
  RawClient client(
      world.serve([&outcome](Exchange& exchange) { return Flood::run(exchange, outcome); }, impatient()));
  client.send(kGet + "\r\n");
  EXPECT_EQ(outcome.error.get_future().get().code, ErrorCode::kDeadlineExceeded);
}

TEST(ServerLimits, BeyondItsConnectionsItAnswers503) {
  World world;
  ServerOptions options;
  options.limits.connections = 2;
  const std::uint16_t port = world.serve(ok, options);
  RawClient first(port);
  RawClient second(port);
  first.send(kGet + "\r\n");
  first.read_answer();
  second.send(kGet + "\r\n");
  second.read_answer();
  RawClient third(port);
  const std::string answer = third.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_EQ(world.server->counters().connections_refused, 1u);
  first.send(kGet + "\r\n");  // who is in, stays in
  EXPECT_TRUE(first.read_answer().starts_with("HTTP/1.1 200 "));
}

TEST(ServerLimits, RefusalsTakeTheFormatAskedFor) {
  World world;
  ServerOptions options;
  options.format_refusal = [](int status, std::string_view code, std::string_view sentence) {
    return "{\"error\":\"" + std::to_string(status) + " " + std::string(code) + " " + std::string(sentence) +
           "\"}";
  };
  RawClient client(world.serve(ok, options));
  client.send("GET / HTTP/1.1\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_NE(answer.find("{\"error\":\"400 malformed_request The request has no Host header.\"}"),
            std::string::npos)
      << answer;
  EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos) << answer;
}

TEST(ServerLimits, AnAnswerCanBeReadWhileTheBodyIsStillComing) {
  World world;
  ServerOptions options;
  options.limits.body_bytes = 1'000;
  RawClient client(world.serve(ok, options));
  client.send(kPost + "Content-Length: 2000000\r\n\r\n");
  boost::system::error_code ignored;
  boost::asio::write(client.socket(), boost::asio::buffer(std::string(2'000'000, 'x')), ignored);
  const std::string answer = client.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << client.error().message() << answer;
}

}  // namespace
}  // namespace slipway::net
