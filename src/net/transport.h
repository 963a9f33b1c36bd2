// SPDX-License-Identifier: Apache-2.0
// One byte stream over TCP, plain or TLS, with the few operations that server and client need. One virtual
// call an operation, so that the connection code exists once and TLS compiles in its own file.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "rt/task.h"

namespace slipway::net {

using ErrorCondition = boost::system::error_code;
using ConstBuffer = rt::asio::const_buffer;

// Receives what a transport read. Counted, so that it outlives the read that is under way.
class ReadSink : public boost::intrusive_ref_counter<ReadSink, boost::thread_unsafe_counter> {
 public:
  virtual ~ReadSink() = default;
  virtual void on_read(ErrorCondition error, std::size_t size) = 0;

 protected:
  ReadSink() = default;
};

// At most three pieces, gathered into one system call.
using Pieces = std::array<ConstBuffer, 3>;

struct WriteResult {
  ErrorCondition error;
  std::size_t size = 0;
};

// On one loop. One read and one write may be under way at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  // Reads some bytes to `to` and calls sink->on_read(). `to` must stay until then. `expected`: whether bytes,
  // or the end, may be there already. Without, the first attempt is left out where the last read took all
  // there was; an end that came together with its bytes is then seen by look_again().
  virtual void read(char* to, std::size_t size, boost::intrusive_ptr<ReadSink> sink, bool expected) = 0;
  // Makes the attempt that a read under way has left out.
  virtual void look_again() {}
  // Writes what the kernel takes without waiting; `error` is set only for real errors. TLS takes nothing
  // here.
  virtual std::size_t write_now(const Pieces& pieces, ErrorCondition& error) = 0;
  // Writes at least one byte, waiting until it can.
  virtual rt::Task<WriteResult> write_some(ConstBuffer bytes) = 0;
  // Nothing for plain TCP.
  virtual rt::Task<ErrorCondition> handshake() = 0;
  [[nodiscard]] virtual rt::Socket& socket() = 0;
  [[nodiscard]] virtual bool secure() const = 0;

  // Ends operations under way with operation_aborted. May be called twice.
  void close();
  // Says that nothing more will be sent (FIN).
  void shutdown_send();
  // The next close() sends RST, so that the other side can't take what it got for the whole.
  void reset_on_close();
};

// `socket` is connected. Sets TCP_NODELAY and non-blocking mode.
std::unique_ptr<Transport> make_plain_transport(rt::Socket socket);

// TLS contexts, made once a server or trust setting. In tls_transport.cc.
class TlsContext;
// PEM chain and key. Errors name the file.
Result<std::shared_ptr<TlsContext>> make_server_tls_context(const std::string& certificate_file,
                                                            const std::string& key_file);
// `ca_file` empty: the system's trust store. Without `verify` any certificate is taken.
Result<std::shared_ptr<TlsContext>> make_client_tls_context(const std::string& ca_file, bool verify);
std::unique_ptr<Transport> make_tls_server_transport(rt::Socket socket, TlsContext& context);
// Sends `host` as SNI (unless it is an address) and, with a verifying context, checks the certificate against
// it.
std::unique_ptr<Transport> make_tls_client_transport(rt::Socket socket, TlsContext& context,
                                                     const std::string& host);
// OpenSSL's reason for a failed handshake in words.
std::string tls_failure(const Transport& transport, const ErrorCondition& error);

}  // namespace slipway::net
