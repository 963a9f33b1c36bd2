// SPDX-License-Identifier: Apache-2.0
// TLS on both sides, with certificates made here.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ssl.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "net/client.h"
#include "net/server.h"
#include "net/test_world.h"

namespace slipway::net {
namespace {

using testing::RawServer;
using testing::World;

template <auto Function>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Function(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using File = std::unique_ptr<std::FILE, Freer<std::fclose>>;

// A self-signed certificate for the given names in a directory of its own.
class MadeCertificate {
 public:
  explicit MadeCertificate(const std::string& alternative_names) {
    std::string pattern = (std::filesystem::temp_directory_path() / "slipway-tls-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    const Context context(::EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr));
    ::EVP_PKEY_keygen_init(context.get());
    ::EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(), NID_X9_62_prime256v1);
    EVP_PKEY* made = nullptr;
    ::EVP_PKEY_keygen(context.get(), &made);
    const Key key(made);
    const Certificate certificate(::X509_new());
    ::X509_set_version(certificate.get(), 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate.get()), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), -3'600);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), 3'600);
    ::X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = ::X509_get_subject_name(certificate.get());
    ::X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("Test"), -1,
                                 -1, 0);
    ::X509_set_issuer_name(certificate.get(), name);
    X509_EXTENSION* extension =
        ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_names.c_str());
    ::X509_add_ext(certificate.get(), extension, -1);
    ::X509_EXTENSION_free(extension);
    ::X509_sign(certificate.get(), key.get(), ::EVP_sha256());
    const File certificate_out(std::fopen(certificate_file().c_str(), "w"));
    ::PEM_write_X509(certificate_out.get(), certificate.get());
    const File key_out(std::fopen(key_file().c_str(), "w"));
    ::PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  ~MadeCertificate() { std::filesystem::remove_all(directory_); }
  MadeCertificate(const MadeCertificate&) = delete;
  MadeCertificate& operator=(const MadeCertificate&) = delete;
  [[nodiscard]] std::string certificate_file() const { return directory_ + "/certificate.pem"; }
  [[nodiscard]] std::string key_file() const { return directory_ + "/key.pem"; }

 private:
  std::string directory_;
};

rt::Task<void> echo_secure(Exchange& exchange) {
  EXPECT_TRUE(exchange.secure());
  if (exchange.path() == "/stream") {
    Result<> done = co_await exchange.start(200, {});
    EXPECT_TRUE(done);
    for (int i = 0; i < 20; ++i) {
      const std::string piece(5'000, static_cast<char>('a' + i));
      done = co_await exchange.write(piece);
      EXPECT_TRUE(done);
    }
    done = co_await exchange.finish();
    EXPECT_TRUE(done);
    co_return;
  }
  const Result<> sent = co_await exchange.send(200, {}, exchange.body());
  EXPECT_TRUE(sent);
}

struct TlsWorld : World {
  explicit TlsWorld(const std::string& names = "DNS:localhost,IP:127.0.0.1") : certificate(names) {
    ServerOptions options;
    options.tls = ServerTls{certificate.certificate_file(), certificate.key_file()};
    port = serve(echo_secure, options);
  }
  [[nodiscard]] Origin origin(const std::string& host) const {
    Origin made = *parse_origin("https://" + host + ":" + std::to_string(port));
    made.ca_file = certificate.certificate_file();
    return made;
  }
  MadeCertificate certificate;
  std::uint16_t port = 0;
};

TEST(Tls, CarriesRequestsBothWaysAndIsPooled) {
  TlsWorld world;
  const std::string big(2'000'000, 'z');
  for (int i = 0; i < 3; ++i) {
    const World::Fetched fetched =
        world.fetch(world.origin("127.0.0.1"), {.target = "/", .headers = {}, .body = big}, {}, i == 1);
    ASSERT_TRUE(fetched.result) << fetched.result.error().describe();
    EXPECT_EQ(fetched.body, big);
    EXPECT_EQ(fetched.reused, i > 0);
  }
  const World::Fetched streamed =
      world.fetch(world.origin("127.0.0.1"), {.method = "GET", .target = "/stream"});
  ASSERT_TRUE(streamed.result);
  EXPECT_EQ(streamed.body.size(), 100'000u);
}

TEST(Tls, ChecksTheNameOnTheCertificate) {
  TlsWorld world("DNS:localhost");
  EXPECT_TRUE(world.fetch(world.origin("localhost"), {.target = "/"}).result);
  const World::Fetched wrong = world.fetch(world.origin("127.0.0.1"), {.target = "/"});
  ASSERT_FALSE(wrong.result);
  EXPECT_EQ(wrong.result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(wrong.result.error().message.find("TLS handshake failed"), std::string::npos)
      << wrong.result.error().describe();
}

TEST(Tls, ChecksWhoSignedUnlessToldNotTo) {
  TlsWorld world;
  Origin origin = world.origin("127.0.0.1");
  origin.ca_file.clear();  // the system's store does not know it
  const World::Fetched untrusted = world.fetch(origin, {.target = "/"});
  ASSERT_FALSE(untrusted.result);
  EXPECT_NE(untrusted.result.error().message.find("self-signed"), std::string::npos)
      << untrusted.result.error().describe();
  origin.verify = false;
  EXPECT_TRUE(world.fetch(origin, {.target = "/"}).result);
  // The connection made without verifying is not lent to a call that verifies.
  origin.verify = true;
  EXPECT_FALSE(world.fetch(origin, {.target = "/"}).result);
  origin.ca_file = "/nowhere/ca.pem";
  const World::Fetched missing = world.fetch(origin, {.target = "/"});
  ASSERT_FALSE(missing.result);
  EXPECT_EQ(missing.result.error().code, ErrorCode::kInvalidArgument);
}

TEST(Tls, APlainPortIsNotTakenForASecureOne) {
  RawServer upstream({[](testing::PlainTcp::socket& socket) {
    RawServer::write(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    RawServer::await_end(socket);
  }});
  World world;
  const World::Fetched fetched =
      world.fetch(*parse_origin("https://127.0.0.1:" + std::to_string(upstream.port())), {.target = "/"});
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kUnavailable);
}

TEST(Tls, ASilentHandshakeEnds) {
  RawServer upstream({[](testing::PlainTcp::socket& socket) { RawServer::await_end(socket); }});
  World world;
  const World::Fetched fetched =
      world.fetch(*parse_origin("https://127.0.0.1:" + std::to_string(upstream.port())), {.target = "/"},
                  {.connect_ms = 60});
  ASSERT_FALSE(fetched.result);
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(Tls, PlainClientsAndSilentOnesGetNothing) {
  TlsWorld world;
  testing::RawClient plain(world.port);
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(plain.read_to_end().find("HTTP/1.1 200"), std::string::npos);
  testing::RawClient silent(world.port);
  world.server->stop(0);  // a handshake under way does not hold up the end
  EXPECT_EQ(silent.read_to_end(), "");
}

// A client over OpenSSL that can do what ours never would.
TEST(Tls, SaysContinueAndRefusesOverTlsToo) {
  TlsWorld world;
  boost::asio::io_context context;
  boost::asio::ssl::context tls(boost::asio::ssl::context::tls_client);
  boost::asio::ssl::stream<testing::PlainTcp::socket> stream(context, tls);
  stream.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), world.port});
  stream.handshake(boost::asio::ssl::stream_base::client);
  const auto read_until_blank = [&stream] {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n")) {
      boost::asio::read(stream, boost::asio::buffer(&byte, 1));
      head.push_back(byte);
    }
    return head;
  };
  boost::asio::write(stream,
                     boost::asio::buffer(std::string_view(
                         "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")));
  EXPECT_EQ(read_until_blank(), "HTTP/1.1 100 Continue\r\n\r\n");
  boost::asio::write(stream, boost::asio::buffer(std::string_view("ab")));
  EXPECT_TRUE(read_until_blank().starts_with("HTTP/1.1 200 "));
  char body[2];
  boost::asio::read(stream, boost::asio::buffer(body));
  boost::asio::write(stream, boost::asio::buffer(std::string_view("GET / HTTP/1.1\r\n\r\n")));
  EXPECT_TRUE(read_until_blank().starts_with("HTTP/1.1 400 "));
}

TEST(Tls, SaysWhatIsWrongWithItsFiles) {
  rt::Loop loop("test");
  const MadeCertificate one("DNS:a");
  const MadeCertificate other("DNS:b");
  const auto listen = [&loop](const std::string& certificate, const std::string& key) {
    return Server::listen(loop, {.port = 0, .tls = ServerTls{certificate, key}}, echo_secure, {});
  };
  for (const auto& [certificate, key] : {std::pair(std::string("/nowhere.pem"), one.key_file()),
                                         std::pair(one.certificate_file(), std::string("/nowhere.pem")),
                                         std::pair(one.certificate_file(), other.key_file())}) {
    const auto refused = listen(certificate, key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(refused.error().where.empty());
  }
}

}  // namespace
}  // namespace slipway::net
