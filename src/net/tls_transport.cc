// SPDX-License-Identifier: Apache-2.0
#include <openssl/ssl.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl.hpp>
#include <utility>

#include "net/transport.h"

namespace slipway::net {

namespace asio = rt::asio;
namespace ssl = asio::ssl;

class TlsContext {
 public:
  explicit TlsContext(ssl::context::method method) : context(method) {
    ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    // One session's keys live in this process only; records are written as they come.
    ::SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  }
  ssl::context context;
  bool verify = false;
};

namespace {

class TlsTransport final : public Transport {
 public:
  TlsTransport(rt::Socket socket, TlsContext& context, ssl::stream_base::handshake_type side)
      : stream_(std::move(socket), context.context), side_(side) {}

  void read(char* to, std::size_t size, boost::intrusive_ptr<ReadSink> sink, bool) override {
    stream_.async_read_some(asio::mutable_buffer(to, size), ReadDone{std::move(sink)});
  }
  // Encryption shares state with the read under way: only the asynchronous path takes turns.
  std::size_t write_now(const Pieces&, ErrorCondition&) override { return 0; }
  rt::Task<WriteResult> write_some(ConstBuffer bytes) override {
    const auto [error, size] = co_await stream_.async_write_some(bytes, rt::kAwait);
    co_return WriteResult{error, size};
  }
  rt::Task<ErrorCondition> handshake() override {
    const auto [error] = co_await stream_.async_handshake(side_, rt::kAwait);
    co_return error;
  }
  rt::Socket& socket() override { return stream_.next_layer(); }
  [[nodiscard]] bool secure() const override { return true; }
  ssl::stream<rt::Socket>& stream() { return stream_; }

 private:
  struct ReadDone {
    boost::intrusive_ptr<ReadSink> sink;
    void operator()(const ErrorCondition& error, std::size_t size) const { sink->on_read(error, size); }
  };
  ssl::stream<rt::Socket> stream_;
  ssl::stream_base::handshake_type side_;
};

std::unique_ptr<TlsTransport> make_tls(rt::Socket socket, TlsContext& context,
                                       ssl::stream_base::handshake_type side) {
  ErrorCondition ignored;
  socket.set_option(rt::tcp::no_delay(true), ignored);
  return std::make_unique<TlsTransport>(std::move(socket), context, side);
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_server_tls_context(const std::string& certificate_file,
                                                            const std::string& key_file) {
  auto context = std::make_shared<TlsContext>(ssl::context::tls_server);
  ErrorCondition error;
  context->context.use_certificate_chain_file(certificate_file, error);
  if (error) {
    return fail(ErrorCode::kInvalidArgument, "the TLS certificate can't be read: " + error.message(),
                certificate_file, "it must be a PEM file with the server's certificate first");
  }
  context->context.use_private_key_file(key_file, ssl::context::pem, error);
  if (error) {
    return fail(ErrorCode::kInvalidArgument, "the TLS key can't be used: " + error.message(), key_file,
                "it must be the PEM key of the certificate, without a passphrase");
  }
  ::SSL_CTX_set_alpn_select_cb(
      context->context.native_handle(),
      [](SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
         void*) -> int {
        static constexpr unsigned char kHttp11[] = "\x08http/1.1";
        unsigned char* chosen = nullptr;
        if (::SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof(kHttp11) - 1, in, in_size) !=
            OPENSSL_NPN_NEGOTIATED)
          return SSL_TLSEXT_ERR_NOACK;
        *out = chosen;
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  return context;
}

Result<std::shared_ptr<TlsContext>> make_client_tls_context(const std::string& ca_file, bool verify) {
  auto context = std::make_shared<TlsContext>(ssl::context::tls_client);
  context->verify = verify;
  ErrorCondition error;
  if (!verify) {
    context->context.set_verify_mode(ssl::verify_none, error);
    return context;
  }
  context->context.set_verify_mode(ssl::verify_peer, error);
  if (ca_file.empty())
    context->context.set_default_verify_paths(error);
  else
    context->context.load_verify_file(ca_file, error);
  if (error) {
    return fail(ErrorCode::kInvalidArgument, "the trusted certificates can't be read: " + error.message(),
                ca_file, "name a PEM file with the CA certificates to trust");
  }
  return context;
}

std::unique_ptr<Transport> make_tls_server_transport(rt::Socket socket, TlsContext& context) {
  return make_tls(std::move(socket), context, ssl::stream_base::server);
}

std::unique_ptr<Transport> make_tls_client_transport(rt::Socket socket, TlsContext& context,
                                                     const std::string& host) {
  std::unique_ptr<TlsTransport> transport = make_tls(std::move(socket), context, ssl::stream_base::client);
  SSL* const handle = transport->stream().native_handle();
  ErrorCondition not_address;
  asio::ip::make_address(host, not_address);
  if (not_address) {
    // The macro behind SSL_set_tlsext_host_name() has an old-style cast.
    ::SSL_ctrl(handle, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(host.c_str()));
  }
  if (context.verify) {
    ErrorCondition ignored;
    transport->stream().set_verify_callback(ssl::host_name_verification(host), ignored);
  }
  return transport;
}

std::string tls_failure(const Transport& transport, const ErrorCondition& error) {
  if (const auto* tls = dynamic_cast<const TlsTransport*>(&transport)) {
    const long verdict = ::SSL_get_verify_result(const_cast<TlsTransport*>(tls)->stream().native_handle());
    if (verdict != X509_V_OK) return ::X509_verify_cert_error_string(verdict);
  }
  return error.message();
}

}  // namespace slipway::net
