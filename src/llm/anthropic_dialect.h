// SPDX-License-Identifier: Apache-2.0
// Anthropic's Messages API, in both directions.
#pragma once

#include "llm/dialect.h"

namespace slipway::llm {

class AnthropicDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "anthropic"; }
  [[nodiscard]] std::string_view default_base_url() const override { return "https://api.anthropic.com"; }
  [[nodiscard]] std::string_view chat_path() const override { return "/v1/messages"; }
  [[nodiscard]] std::string_view embeddings_path() const override { return ""; }
  void add_headers(const Credentials& credentials, std::vector<OwnedHeader>& out) const override;

  Result<EncodedRequest> encode_request(const ChatRequest& request,
                                        const Credentials& credentials) const override;
  Result<ChatResponse> decode_response(std::string_view body) const override;
  [[nodiscard]] std::unique_ptr<StreamDecoder> stream_decoder() const override;
  [[nodiscard]] ProviderError decode_error(int status, std::string_view retry_after,
                                           std::string_view body) const override;

  Result<ChatRequest> decode_request(std::string_view body) const override;
  [[nodiscard]] std::string encode_response(const ChatResponse& response) const override;
  [[nodiscard]] std::unique_ptr<StreamEncoder> stream_encoder(StreamEncoderOptions options) const override;
  [[nodiscard]] std::string encode_error(const ProviderError& error) const override;
};

}  // namespace slipway::llm
