// SPDX-License-Identifier: Apache-2.0
#include "gateway/refusal.h"

#include <fmt/format.h>

#include "base/json.h"

namespace slipway::gateway {

using telemetry::Status;

std::string openai_error_body(const Refusal& refusal) {
  std::string body = R"({"error":{"message":)";
  append_json_string(body, refusal.message);
  body += R"(,"type":)";
  append_json_string(body, refusal.type);
  body += R"(,"param":)";
  if (refusal.param.empty())
    body += "null";
  else
    append_json_string(body, refusal.param);
  body += R"(,"code":)";
  append_json_string(body, refusal.code);
  body += "}}";
  return body;
}

Refusal invalid_request(std::string code, std::string message, std::string param) {
  return {400,
          Status::kClientError,
          "invalid_request_error",
          std::move(code),
          std::move(message),
          std::move(param),
          0};
}

Refusal unauthenticated(std::string code, std::string message) {
  return {401, Status::kClientError, "authentication_error", std::move(code), std::move(message), {}, 0};
}

Refusal forbidden(std::string code, std::string message) {
  return {403, Status::kClientError, "permission_error", std::move(code), std::move(message), {}, 0};
}

Refusal not_found(std::string code, std::string message, std::string param) {
  return {404,
          Status::kClientError,
          "invalid_request_error",
          std::move(code),
          std::move(message),
          std::move(param),
          0};
}

Refusal limited(std::string code, std::string message, std::uint32_t retry_after_s) {
  return {429, Status::kLimited, "rate_limit_error", std::move(code), std::move(message), {}, retry_after_s};
}

Refusal unavailable(std::string code, std::string message) {
  return {503, Status::kInternalError, "server_error", std::move(code), std::move(message), {}, 1};
}

Refusal internal_error(std::string message) {
  return {500, Status::kInternalError, "server_error", "internal_error", std::move(message), {}, 0};
}

Refusal upstream_failed(const Error& error, std::string_view connection) {
  Refusal refusal;
  refusal.status = Status::kUpstreamError;
  refusal.type = "upstream_error";
  switch (error.code) {
    case ErrorCode::kDeadlineExceeded:
      refusal.http_status = 504;
      refusal.code = "upstream_timeout";
      break;
    case ErrorCode::kResourceExhausted:
      refusal.http_status = 502;
      refusal.code = "upstream_response_too_large";
      break;
    default: refusal.http_status = 502; refusal.code = "upstream_unreachable";
  }
  refusal.message = fmt::format("The provider behind connection '{}' did not answer properly: {}", connection,
                                error.describe());
  return refusal;
}

}  // namespace slipway::gateway
