// SPDX-License-Identifier: Apache-2.0
// One interface per provider's wire format, in both directions: towards a provider (we are its client) and
// towards a client that speaks it (we are its server). Dialects are stateless and may be used from any
// thread; the decoders and encoders of one stream belong to one stream.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "llm/call.h"

namespace slipway::llm {

using OwnedHeader = std::pair<std::string, std::string>;  // lower-case name, value

// How to reach and convince a provider; views must live during the call that takes them.
struct Credentials {
  std::string_view secret;        // API key; empty: send none
  std::string_view organization;  // OpenAI-Organization
  std::string_view project;       // OpenAI-Project
  std::string_view version;       // anthropic-version, api-version; empty: the dialect's default
};

struct EncodedRequest {
  std::string path;                  // appended to the connection's base URL, begins with '/'
  std::vector<OwnedHeader> headers;  // content type and credentials included
  std::string body;
  // Fields of the request that this dialect cannot express and left out, by their name in the vocabulary.
  std::vector<std::string> dropped;
};

// Reads one stream of a provider.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  // One server-sent event: its name ("" if none) and data. Appends what it means to `out`. What cannot be
  // understood becomes a kError event; nothing is emitted after kError or kEnd.
  virtual void feed(std::string_view event, std::string_view data, std::vector<ChatEvent>& out) = 0;
  // The transport has ended. Emits kError if the stream was not complete.
  virtual void finish(std::vector<ChatEvent>& out) = 0;
};

// Writes one stream for a client.
class StreamEncoder {
 public:
  virtual ~StreamEncoder() = default;
  // Appends the bytes to send (whole server-sent events) to `out`; appends nothing for events the client's
  // dialect has no word for.
  virtual void encode(const ChatEvent& event, std::string& out) = 0;
};

struct StreamEncoderOptions {
  std::string id;              // used if the stream's kStart has none
  std::string model;           // replaces the upstream's model name if not empty
  std::int64_t created_s = 0;  // unix seconds
  bool include_usage = false;  // the client asked for usage
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;  // "openai", "anthropic"
  [[nodiscard]] virtual std::string_view default_base_url() const = 0;
  [[nodiscard]] virtual std::string_view chat_path() const = 0;        // relative to the base URL
  [[nodiscard]] virtual std::string_view embeddings_path() const = 0;  // empty: the provider has none

  // Adds the headers that carry credentials and version, without content-type.
  virtual void add_headers(const Credentials& credentials, std::vector<OwnedHeader>& out) const = 0;

  // Towards a provider. encode_request fails with kInvalidArgument (`where` names the field) for what can't
  // be said in this dialect and must not be dropped silently (a tool call whose arguments are no JSON, say).
  virtual Result<EncodedRequest> encode_request(const ChatRequest& request,
                                                const Credentials& credentials) const = 0;
  virtual Result<ChatResponse> decode_response(std::string_view body) const = 0;
  [[nodiscard]] virtual std::unique_ptr<StreamDecoder> stream_decoder() const = 0;
  // Any body is understood as far as possible. `retry_after` is that header's value or empty.
  [[nodiscard]] virtual ProviderError decode_error(int status, std::string_view retry_after,
                                                   std::string_view body) const = 0;
  virtual Result<EncodedRequest> encode_embedding_request(const EmbeddingRequest& request,
                                                          const Credentials& credentials) const;
  virtual Result<EmbeddingResponse> decode_embedding_response(std::string_view body) const;

  // Towards a client. decode_request fails with kInvalidArgument, `where` naming the field.
  virtual Result<ChatRequest> decode_request(std::string_view body) const = 0;
  [[nodiscard]] virtual std::string encode_response(const ChatResponse& response) const = 0;
  [[nodiscard]] virtual std::unique_ptr<StreamEncoder> stream_encoder(StreamEncoderOptions options) const = 0;
  [[nodiscard]] virtual std::string encode_error(const ProviderError& error) const = 0;
  virtual Result<EmbeddingRequest> decode_embedding_request(std::string_view body) const;
  [[nodiscard]] virtual std::string encode_embedding_response(const EmbeddingResponse& response,
                                                              std::string_view encoding) const;
};

// "openai", "anthropic", "simulated" (which speaks OpenAI's); nullptr for any other name.
const Dialect* find_dialect(std::string_view name);
std::vector<std::string> dialect_names();

// The HTTP status for an error of that class, for answers to clients.
int http_status(ErrorClass error_class);
ErrorClass error_class_of_status(int status);
// Seconds, or an HTTP date relative to `now_us`; -1 if it is neither or absent.
std::int64_t parse_retry_after_ms(std::string_view value, std::int64_t now_us);

}  // namespace slipway::llm
