// SPDX-License-Identifier: Apache-2.0
// OpenAI's chat completions and embeddings, as OpenAI and the many servers compatible with it speak them.
#pragma once

#include "llm/dialect.h"

namespace slipway::llm {

class OpenAiDialect final : public Dialect {
 public:
  // `name` because other providers speak the same language.
  explicit OpenAiDialect(std::string_view name) : name_(name) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view default_base_url() const override { return "https://api.openai.com/v1"; }
  [[nodiscard]] std::string_view chat_path() const override { return "/chat/completions"; }
  [[nodiscard]] std::string_view embeddings_path() const override { return "/embeddings"; }
  void add_headers(const Credentials& credentials, std::vector<OwnedHeader>& out) const override;

  Result<EncodedRequest> encode_request(const ChatRequest& request,
                                        const Credentials& credentials) const override;
  Result<ChatResponse> decode_response(std::string_view body) const override;
  [[nodiscard]] std::unique_ptr<StreamDecoder> stream_decoder() const override;
  [[nodiscard]] ProviderError decode_error(int status, std::string_view retry_after,
                                           std::string_view body) const override;
  Result<EncodedRequest> encode_embedding_request(const EmbeddingRequest& request,
                                                  const Credentials& credentials) const override;
  Result<EmbeddingResponse> decode_embedding_response(std::string_view body) const override;

  Result<ChatRequest> decode_request(std::string_view body) const override;
  [[nodiscard]] std::string encode_response(const ChatResponse& response) const override;
  [[nodiscard]] std::unique_ptr<StreamEncoder> stream_encoder(StreamEncoderOptions options) const override;
  [[nodiscard]] std::string encode_error(const ProviderError& error) const override;
  Result<EmbeddingRequest> decode_embedding_request(std::string_view body) const override;
  [[nodiscard]] std::string encode_embedding_response(const EmbeddingResponse& response,
                                                      std::string_view encoding) const override;

 private:
  std::string_view name_;
};

}  // namespace slipway::llm
