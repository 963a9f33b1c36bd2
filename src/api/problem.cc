// SPDX-License-Identifier: Apache-2.0
#include "api/problem.h"

#include <fmt/format.h>

#include "base/json.h"
#include "net/http.h"

namespace slipway::api {

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return 422;
    case ErrorCode::kUnauthenticated: return 401;
    case ErrorCode::kPermissionDenied: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kResourceExhausted: return 429;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kDeadlineExceeded: return 504;
    case ErrorCode::kCancelled: return 499;
    case ErrorCode::kDataLoss:
    case ErrorCode::kIo:
    case ErrorCode::kInternal: return 500;
  }
  return 500;
}

std::string problem_json(const Error& error, std::string_view request_id) {
  const int status = http_status(error.code);
  std::string detail = error.message;
  if (!error.hint.empty()) detail += (detail.ends_with('.') ? " " : ". ") + error.hint;
  if (!detail.empty() && detail[0] >= 'a' && detail[0] <= 'z') detail[0] = static_cast<char>(detail[0] - 32);
  std::string out = fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":)",
                                net::reason_phrase(status), status);
  append_json_string(out, detail);
  out += fmt::format(R"(,"code":"{}","request_id":)", to_string(error.code));
  append_json_string(out, request_id);
  if (error.code == ErrorCode::kInvalidArgument && !error.where.empty()) {
    out += R"(,"errors":[{"field":)";
    append_json_string(out, error.where);
    out += R"(,"detail":)";
    append_json_string(out, detail);
    out += "}]";
  }
  out += '}';
  return out;
}

std::string problem_json(std::string_view detail, const std::vector<FieldError>& errors,
                         std::string_view request_id) {
  const int status = http_status(ErrorCode::kInvalidArgument);
  json::array list;
  for (const FieldError& error : errors)
    list.emplace_back(json::object{{"field", error.field}, {"detail", error.detail}});
  return json::serialize(json::object{{"type", "about:blank"},
                                      {"title", net::reason_phrase(status)},
                                      {"status", status},
                                      {"detail", detail},
                                      {"code", to_string(ErrorCode::kInvalidArgument)},
                                      {"request_id", request_id},
                                      {"errors", std::move(list)}});
}

}  // namespace slipway::api
