// SPDX-License-Identifier: Apache-2.0
// A finished answer that is an error: what every step of the line may return instead of "go on".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "telemetry/record.h"

namespace slipway::gateway {

struct Refusal {
  int http_status = 500;
  telemetry::Status status = telemetry::Status::kInternalError;
  std::string type;     // OpenAI's error.type
  std::string code;     // stable, OpenAI's error.code where it has one
  std::string message;  // a sentence that says what to do
  std::string param;    // the offending field, may be empty
  std::uint32_t retry_after_s = 0;
};

// {"error":{"message","type","param","code"}}: what OpenAI's SDKs expect.
std::string openai_error_body(const Refusal& refusal);

Refusal invalid_request(std::string code, std::string message, std::string param = {});
Refusal unauthenticated(std::string code, std::string message);
Refusal forbidden(std::string code, std::string message);
Refusal not_found(std::string code, std::string message, std::string param = {});
Refusal limited(std::string code, std::string message, std::uint32_t retry_after_s);
Refusal unavailable(std::string code, std::string message);
Refusal internal_error(std::string message);

// The refusal for a provider that could not be reached, was too slow or broke its answer off.
Refusal upstream_failed(const Error& error, std::string_view connection);

}  // namespace slipway::gateway
