// SPDX-License-Identifier: Apache-2.0
#include "llm/dialect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/text.h"
#include "llm/anthropic_dialect.h"
#include "llm/openai_dialect.h"

namespace slipway::llm {

namespace {

std::unexpected<Error> no_embeddings(std::string_view dialect) {
  return fail(ErrorCode::kInvalidArgument, "the " + std::string(dialect) + " dialect has no embeddings",
              "model", "name a model of a provider that embeds");
}

}  // namespace

Result<EncodedRequest> Dialect::encode_embedding_request(const EmbeddingRequest&, const Credentials&) const {
  return no_embeddings(name());
}
Result<EmbeddingResponse> Dialect::decode_embedding_response(std::string_view) const {
  return no_embeddings(name());
}
Result<EmbeddingRequest> Dialect::decode_embedding_request(std::string_view) const {
  return no_embeddings(name());
}
std::string Dialect::encode_embedding_response(const EmbeddingResponse&, std::string_view) const {
  return encode_error(
      {ErrorClass::kInvalidRequest, 400, -1, no_embeddings(name()).error().message, {}, {}, {}});
}

const Dialect* find_dialect(std::string_view name) {
  static const OpenAiDialect openai("openai");
  static const OpenAiDialect simulated("simulated");
  static const AnthropicDialect anthropic;
  if (name == "openai") return &openai;
  if (name == "anthropic") return &anthropic;
  if (name == "simulated") return &simulated;
  return nullptr;
}

std::vector<std::string> dialect_names() { return {"anthropic", "openai", "simulated"}; }

int http_status(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kInvalidRequest: return 400;
    case ErrorClass::kAuthentication: return 401;
    case ErrorClass::kPermission: return 403;
    case ErrorClass::kNotFound: return 404;
    case ErrorClass::kRateLimited: return 429;
    case ErrorClass::kOverloaded: return 503;
    case ErrorClass::kServerError: return 502;
    case ErrorClass::kTimeout: return 504;
    case ErrorClass::kContentFilter: return 400;
  }
  return 502;
}

ErrorClass error_class_of_status(int status) {
  switch (status) {
    case 401: return ErrorClass::kAuthentication;
    case 402:  // out of credit: as good as a quota
    case 429: return ErrorClass::kRateLimited;
    case 403: return ErrorClass::kPermission;
    case 404: return ErrorClass::kNotFound;
    case 408:
    case 504: return ErrorClass::kTimeout;
    case 503:
    case 529: return ErrorClass::kOverloaded;
    default: return status >= 400 && status < 500 ? ErrorClass::kInvalidRequest : ErrorClass::kServerError;
  }
}

std::int64_t parse_retry_after_ms(std::string_view value, std::int64_t now_us) {
  value = trim(value);
  if (value.empty()) return -1;
  constexpr double kMaxSeconds = 365.0 * 86'400;
  double seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error == std::errc{} && end == value.data() + value.size())
    return seconds >= 0 && seconds <= kMaxSeconds ? static_cast<std::int64_t>(seconds * 1000) : -1;
  std::tm time{};
  const std::string text(value);
  if (strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time) == nullptr) return -1;
  const std::int64_t wait_ms = static_cast<std::int64_t>(timegm(&time)) * 1000 - now_us / 1000;
  return std::max<std::int64_t>(wait_ms, 0);
}

}  // namespace slipway::llm
