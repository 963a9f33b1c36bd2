// SPDX-License-Identifier: Apache-2.0
// What an upstream can do wrong, and how the client says so.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>

#include "net/client.h"
#include "net/test_world.h"

namespace slipway::net {
namespace {

using testing::local;
using testing::PlainTcp;
using testing::RawServer;
using testing::World;

// Answers one request with the given bytes, then closes.
RawServer::Talk says(std::string bytes) {
  return [bytes = std::move(bytes)](PlainTcp::socket& socket) {
    RawServer::read_head(socket);
    RawServer::write(socket, bytes);
  };
}

// Answers every request on the connection with the same bytes.
RawServer::Talk keeps_saying(std::string bytes) {
  return [bytes = std::move(bytes)](PlainTcp::socket& socket) {
    for (;;) {
      RawServer::read_head(socket);
      RawServer::write(socket, bytes);
    }
  };
}

void read_head_then_wait(PlainTcp::socket& socket) {
  RawServer::read_head(socket);
  RawServer::await_end(socket);
}

const OutgoingRequest kGet{.method = "GET", .target = "/"};

struct Answer {
  std::string name;
  std::string bytes;
  int status;  // 0: an error is expected
  std::string body;
  std::string message;
};

class Answers : public ::testing::TestWithParam<Answer> {};

TEST_P(Answers, AreReadOrRefused) {
  for (const bool in_pieces : {false, true}) {
    RawServer upstream({says(GetParam().bytes)});
    World world;
    const World::Fetched fetched = world.fetch(local(upstream.port()), kGet, {}, in_pieces);
    if (GetParam().status > 0) {
      ASSERT_TRUE(fetched.result) << fetched.result.error().describe();
      EXPECT_EQ(fetched.status, GetParam().status);
      EXPECT_EQ(fetched.body, GetParam().body);
    } else {
      ASSERT_FALSE(fetched.result) << fetched.body;
      EXPECT_EQ(fetched.result.error().code, ErrorCode::kUnavailable);
      EXPECT_NE(fetched.result.error().message.find(GetParam().message), std::string::npos)
          << fetched.result.error().describe();
      EXPECT_EQ(fetched.result.error().where, "127.0.0.1:" + std::to_string(upstream.port()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Client, Answers,
    ::testing::Values(
        Answer{"Length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", {}},
        Answer{"NoBody", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", {}},
        Answer{"EmptyBody", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "", {}},
        Answer{"UntilClose", "HTTP/1.1 200 OK\r\n\r\nall of it", 200, "all of it", {}},
        Answer{"UntilCloseHttp10", "HTTP/1.0 200 OK\r\n\r\nall of it", 200, "all of it", {}},
        Answer{"Chunked",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: "
               "v\r\n\r\n",
               200,
               "abcde",
               {}},
        Answer{"EmptyChunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", {}},
        Answer{
            "Interim",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\n"
            "Content-Length: 1\r\n\r\nc",
            201,
            "c",
            {}},
        Answer{"LargeHeaders",
               "HTTP/1.1 200 OK\r\nX-Large: " + std::string(30'000, 'h') +
                   "\r\nContent-Length: 20000\r\n\r\n" + std::string(20'000, 'b'),
               200,
               std::string(20'000, 'b'),
               {}},
        Answer{"Nothing", "", 0, "", "closed before a response"},
        Answer{"HalfHeader", "HTTP/1.1 200 OK\r\nContent-Le", 0, "", "closed before a response"},
        Answer{"ShortBody", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 0, "", "cut short"},
        Answer{"ShortChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nshort", 0, "",
               "cut short"},
        Answer{"NoLastChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", 0, "",
               "cut short"},
        Answer{"BadChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 0, "",
               "not valid HTTP"},
        Answer{"NotHttp", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n", 0, "", "not valid HTTP"},
        Answer{"BadStatus", "HTTP/1.1 abc OK\r\n\r\n", 0, "", "not valid HTTP"},
        Answer{"BadHeader", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 0, "", "not valid HTTP"},
        Answer{"FoldedHeader", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", 0, "", "not valid HTTP"},
        Answer{"BothFramings", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
               0, "", "not valid HTTP"},
        Answer{"OtherCoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 0, "",
               "not valid HTTP"},
        Answer{"Switching", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 0, "",
               "switched protocols"},
        Answer{"EndlessHeader", "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), 0, "", "header"}),
    [](const auto& one) { return one.param.name; });

TEST(ClientFaults, NothingListens) {
  std::uint16_t port = 0;
  {
    RawServer gone({});
    port = gone.port();
  }
  World world;
  const World::Fetched fetched = world.fetch(local(port), kGet);
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(fetched.result.error().message.find("Connection refused"), std::string::npos)
      << fetched.result.error().describe();
  EXPECT_EQ(world.client->counters().failures, 1u);
  EXPECT_EQ(world.client->counters().open, 0u);
}

TEST(ClientFaults, UnknownHost) {
  World world;
  const World::Fetched fetched = world.fetch(*parse_origin("http://no-such-host.invalid"), kGet);
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(fetched.result.error().message.find("can't be resolved"), std::string::npos);
}

TEST(ClientFaults, NamesAreResolved) {
  RawServer upstream({keeps_saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
  World world;
  // localhost may have an IPv6 address first, where nothing listens: the next address is tried.
  const Origin origin = *parse_origin("http://localhost:" + std::to_string(upstream.port()));
  for (int i = 0; i < 2; ++i) {
    const World::Fetched fetched = world.fetch(origin, kGet);
    ASSERT_TRUE(fetched.result) << fetched.result.error().describe();
    EXPECT_EQ(fetched.body, "ok");
  }
}

TEST(ClientFaults, ResetInTheMiddle) {
  const auto reset = [](PlainTcp::socket& socket) {
    RawServer::read_head(socket);
    RawServer::write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    socket.set_option(boost::asio::socket_base::linger(true, 0));
  };
  RawServer upstream({reset});
  World world;
  const World::Fetched fetched = world.fetch(local(upstream.port()), kGet, {}, true);
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kUnavailable);
}

// ---- the four clocks ----

TEST(ClientClocks_, FirstByte) {
  RawServer upstream({read_head_then_wait});
  World world;
  const World::Fetched fetched = world.fetch(local(upstream.port()), kGet, {.first_byte_ms = 40});
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_NE(fetched.result.error().message.find("first-byte limit of 40 ms"), std::string::npos);
}

TEST(ClientClocks_, Idle) {
  const auto stall = [](PlainTcp::socket& socket) {
    RawServer::read_head(socket);
    RawServer::write(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    RawServer::await_end(socket);
  };
  RawServer upstream({stall});
  World world;
  const World::Fetched fetched = world.fetch(local(upstream.port()), kGet, {.idle_ms = 40}, true);
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.pieces, std::vector<std::string>{"abc"});  // what came before the silence was handed out
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_NE(fetched.result.error().message.find("idle limit of 40 ms"), std::string::npos);
}

TEST(ClientClocks_, TotalEndsAnEndlessDrip) {
  const auto drip = [](PlainTcp::socket& socket) {
    RawServer::read_head(socket);
    RawServer::write(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (;;) {
      RawServer::write(socket, "1\r\nx\r\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  };
  RawServer upstream({drip, drip});
  World world;
  for (const bool in_pieces : {false, true}) {
    const World::Fetched fetched =
        world.fetch(local(upstream.port()), kGet, {.idle_ms = 5'000, .total_ms = 60}, in_pieces);
    ASSERT_FALSE(fetched.result);
    EXPECT_EQ(fetched.result.error().code, ErrorCode::kDeadlineExceeded);
    EXPECT_NE(fetched.result.error().message.find("total limit of 60 ms"), std::string::npos);
  }
}

TEST(ClientClocks_, Connect) {
  // A listener whose backlog is full does not answer: that is how a black hole looks on loopback.
  boost::asio::io_context context;
  PlainTcp::acceptor acceptor(context);
  acceptor.open(PlainTcp::v4());
  acceptor.bind({boost::asio::ip::make_address("127.0.0.1"), 0});
  acceptor.listen(0);
  const std::uint16_t port = acceptor.local_endpoint().port();
  std::vector<std::unique_ptr<PlainTcp::socket>> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(std::make_unique<PlainTcp::socket>(context));
    fillers.back()->open(PlainTcp::v4());
    fillers.back()->non_blocking(true);
    // Asio's own connect() would wait.
    const PlainTcp::endpoint endpoint(boost::asio::ip::make_address("127.0.0.1"), port);
    ::connect(fillers.back()->native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size()));
  }
  World world;
  const World::Fetched fetched = world.fetch(local(port), kGet, {.connect_ms = 50});
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_NE(fetched.result.error().message.find("connect limit of 50 ms"), std::string::npos);
}

TEST(ClientClocks_, AnUpstreamThatDoesNotReadTheRequest) {
  RawServer upstream({[](PlainTcp::socket& socket) {
    char byte = 0;
    boost::asio::read(socket, boost::asio::buffer(&byte, 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }});
  World world;
  const std::string big(32u << 20, 'x');
  const World::Fetched fetched =
      world.fetch(local(upstream.port()), {.target = "/", .headers = {}, .body = big}, {.idle_ms = 50});
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(ClientFaults, AnEarlyAnswerToALargeRequestIsHeard) {
  RawServer upstream({[](PlainTcp::socket& socket) {
    RawServer::read_head(socket);
    RawServer::write(socket,
                     "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong");
    RawServer::await_end(socket);
  }});
  World world;
  const std::string big(8u << 20, 'x');
  const World::Fetched fetched =
      world.fetch(local(upstream.port()), {.target = "/", .headers = {}, .body = big});
  ASSERT_TRUE(fetched.result) << fetched.result.error().describe();
  EXPECT_EQ(fetched.status, 413);
  EXPECT_EQ(fetched.body, "long");
}

TEST(ClientFaults, AnEarlyAnswerEndsAWriteThatNobodyTakes) {
  // The upstream answers, keeps the connection and never reads the rest; the connection must not be used
  // again.
  std::promise<void> over;
  RawServer upstream({[&over](PlainTcp::socket& socket) {
                        RawServer::read_head(socket);
                        RawServer::write(socket,
                                         "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nlong");
                        over.get_future().wait();
                      },
                      says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
  World world;
  const std::string big(32u << 20, 'x');
  const World::Fetched fetched =
      world.fetch(local(upstream.port()), {.target = "/", .headers = {}, .body = big});
  const World::Fetched next = world.fetch(local(upstream.port()), kGet);
  over.set_value();
  ASSERT_TRUE(fetched.result) << fetched.result.error().describe();
  EXPECT_EQ(fetched.status, 413);
  EXPECT_EQ(fetched.body, "long");
  EXPECT_FALSE(next.reused);
  EXPECT_EQ(next.body, "ok");
}

// ---- the pool ----

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(ClientPool_, AConnectionClosedWhileIdleIsDropped) {
  std::promise<void> closed;
  RawServer upstream({[&closed](PlainTcp::socket& socket) {
                        RawServer::read_head(socket);
                        RawServer::write(socket, kOk);
                        socket.shutdown(PlainTcp::socket::shutdown_both);
                        closed.set_value();
                      },
                      says(kOk)});
  World world;
  EXPECT_TRUE(world.fetch(local(upstream.port()), kGet).result);
  closed.get_future().wait();
  while (world.client->counters().idle > 0) std::this_thread::yield();  // noticed without being used
  const World::Fetched second = world.fetch(local(upstream.port()), kGet);
  ASSERT_TRUE(second.result) << second.result.error().describe();
  EXPECT_FALSE(second.reused);
}

TEST(ClientPool_, AStaleConnectionIsReplacedOnce) {
  // The upstream reads the second request and closes without a word, as one does whose idle clock ran out.
  RawServer upstream({[](PlainTcp::socket& socket) {
                        RawServer::read_head(socket);
                        RawServer::write(socket, kOk);
                        RawServer::read_head(socket);
                      },
                      says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh")});
  World world;
  EXPECT_TRUE(world.fetch(local(upstream.port()), kGet).result);
  const World::Fetched second = world.fetch(local(upstream.port()), kGet);
  ASSERT_TRUE(second.result) << second.result.error().describe();
  EXPECT_EQ(second.body, "fresh");
  EXPECT_FALSE(second.reused);
  EXPECT_EQ(world.client->counters().reuses, 1u);
  EXPECT_EQ(world.client->counters().connects, 2u);
}

TEST(ClientPool_, AFreshConnectionIsNotTriedTwice) {
  std::atomic<int> seen = 0;
  const auto hang_up = [&seen](PlainTcp::socket& socket) {
    RawServer::read_head(socket);
    ++seen;
  };
  RawServer upstream({hang_up, hang_up});
  World world;
  EXPECT_FALSE(world.fetch(local(upstream.port()), kGet).result);
  EXPECT_EQ(seen, 1);
}

TEST(ClientPool_, AnAnswerThatBeganIsNotAskedForAgain) {
  std::atomic<int> seen = 0;
  RawServer upstream({[&seen](PlainTcp::socket& socket) {
                        RawServer::read_head(socket);
                        RawServer::write(socket, kOk);
                        RawServer::read_head(socket);
                        ++seen;
                        RawServer::write(socket, "HTTP/1.1 2");
                      },
                      [&seen](PlainTcp::socket& socket) {
                        RawServer::read_head(socket);
                        ++seen;
                      }});
  World world;
  EXPECT_TRUE(world.fetch(local(upstream.port()), kGet).result);
  EXPECT_FALSE(world.fetch(local(upstream.port()), kGet).result);
  EXPECT_EQ(seen, 1);
}

TEST(ClientPool_, AConnectionWithBytesLeftOverIsNotPooled) {
  RawServer upstream({says(kOk + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), says(kOk)});
  World world;
  EXPECT_EQ(world.fetch(local(upstream.port()), kGet).body, "ok");
  const World::Fetched second = world.fetch(local(upstream.port()), kGet);
  EXPECT_EQ(second.body, "ok");
  EXPECT_FALSE(second.reused);
}

TEST(ClientPool_, ConnectionCloseIsHeeded) {
  RawServer upstream(
      {says("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), says(kOk)});
  World world;
  EXPECT_TRUE(world.fetch(local(upstream.port()), kGet).result);
  EXPECT_EQ(world.client->counters().idle, 0u);
  EXPECT_TRUE(world.fetch(local(upstream.port()), kGet).result);
}

TEST(ClientPool_, IdleConnectionsEnd) {
  RawServer upstream({keeps_saying(kOk)});
  World world;
  world.make_client({.idle_ms = 30});
  EXPECT_TRUE(world.fetch(local(upstream.port()), kGet).result);
  while (world.client->counters().open > 0) std::this_thread::yield();
  EXPECT_EQ(world.client->counters().idle, 0u);
}

struct Parallel {
  static rt::Task<void> two(World& world, Origin origin, Result<>& second_result) {
    Result<std::unique_ptr<ClientResponse>> first = co_await world.client->send(origin, kGet, {}, nullptr);
    EXPECT_TRUE(first);
    const Result<std::unique_ptr<ClientResponse>> second =
        co_await world.client->send(origin, kGet, {}, nullptr);
    if (!second) second_result = fail(second.error());
  }
};

TEST(ClientPool_, TheLimitOfConnectionsIsKept) {
  RawServer upstream({says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")});
  World world;
  world.make_client({.connections_per_origin = 1});
  Result<> second;
  const Origin origin = local(upstream.port());
  rt::block_on<void>(world.loop, [&] { return Parallel::two(world, origin, second); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(world.client->counters().open, 0u) << "a response dropped before its end closes its connection";
}

TEST(ClientLimits_, ReadAllStopsAtItsLimit) {
  RawServer upstream({says("HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\nok"),
                      says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4400000\r\n" +
                           std::string(0x4400000, 'x') + "\r\n0\r\n\r\n")});
  World world;
  for (int i = 0; i < 2; ++i) {
    const World::Fetched fetched = world.fetch(local(upstream.port()), kGet);
    ASSERT_FALSE(fetched.result);
    EXPECT_EQ(fetched.result.error().code, ErrorCode::kResourceExhausted);
  }
}

TEST(ClientLimits_, LineBreaksInARequestAreRefused) {
  World world;
  const Origin origin = local(1);
  const Header bad{"X-A", "b\r\nX-Injected: c"};
  EXPECT_EQ(world.fetch(origin, {.target = "/", .headers = std::span(&bad, 1)}).result.error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(world.fetch(origin, {.target = "/ HTTP/1.1\r\nA: b"}).result.error().code,
            ErrorCode::kInvalidArgument);
}

// ---- cancellation ----

TEST(ClientCancel, EndsACallWhereverItStands) {
  const auto start_then_wait = [](PlainTcp::socket& socket) {
    RawServer::read_head(socket);
    RawServer::write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
    RawServer::await_end(socket);
  };
  RawServer upstream({read_head_then_wait, start_then_wait});
  World world;
  world.make_client();
  for (int i = 0; i < 2; ++i) {
    rt::CancelSource cancel;
    std::thread canceller([&world, &cancel] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      world.loop.run_and_wait([&cancel] { cancel.cancel(); });
    });
    const World::Fetched fetched = world.fetch(local(upstream.port()), kGet, {}, true, &cancel);
    canceller.join();
    ASSERT_FALSE(fetched.result);
    EXPECT_EQ(fetched.result.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(fetched.body, i == 0 ? "" : "part");
  }
  rt::CancelSource before;
  before.cancel();
  EXPECT_EQ(world.fetch(local(upstream.port()), kGet, {}, true, &before).result.error().code,
            ErrorCode::kCancelled);
}

TEST(ClientCancel, CloseEndsRunningCalls) {
  RawServer upstream({read_head_then_wait});
  World world;
  world.make_client();
  std::thread closer([&world] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    world.loop.run_and_wait([&world] { world.client->close(); });
  });
  const World::Fetched fetched = world.fetch(local(upstream.port()), kGet);
  closer.join();
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(world.fetch(local(upstream.port()), kGet).result.error().code, ErrorCode::kCancelled);
}

// ---- base URLs ----

TEST(Origin, IsTakenApart) {
  const Origin plain = *parse_origin("http://API.example.com/v1/");
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.host, "api.example.com");
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.host_header, "api.example.com");
  EXPECT_EQ(plain.prefix, "/v1");
  EXPECT_EQ(plain.key, "http://api.example.com:80");
  const Origin secure = *parse_origin("https://[::1]:8443");
  EXPECT_TRUE(secure.tls);
  EXPECT_EQ(secure.host, "::1");
  EXPECT_EQ(secure.port, 8443);
  EXPECT_EQ(secure.host_header, "[::1]:8443");
  EXPECT_EQ(secure.prefix, "");
  for (const std::string_view bad :
       {"", "example.com", "ftp://x", "http://", "http://a b", "http://x:0", "http://x:70000", "http://x:8a",
        "http://user:pw@x", "http://x/a?b", "http://x/a#b", "http://[::1", "http://x/a b", "http://x\r\ny"}) {
    const Result<Origin> refused = parse_origin(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace slipway::net
