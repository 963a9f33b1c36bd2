// SPDX-License-Identifier: Apache-2.0
#include "api/request.h"

#include <fmt/format.h>

#include <cassert>
#include <vector>

#include "api/problem.h"
#include "base/text.h"

namespace slipway::api {

namespace {

constexpr std::size_t kParametersLimit = 64;

}  // namespace

Result<Query> parse_query(std::string_view text) {
  Query query;
  if (text.empty()) return query;
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    if (query.size() >= kParametersLimit)
      return fail(ErrorCode::kInvalidArgument, "too many query parameters", "query");
    const std::size_t equals = pair.find('=');
    const auto name = url_decode(pair.substr(0, equals), true);
    const auto value =
        equals == std::string_view::npos ? std::string() : url_decode(pair.substr(equals + 1), true);
    if (!name || !value || !is_valid_utf8(*name) || !is_valid_utf8(*value))
      return fail(ErrorCode::kInvalidArgument, "a query parameter is not properly percent-encoded UTF-8",
                  "query");
    query.emplace(*name, *value);
  }
  return query;
}

std::string_view Request::param(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string_view{} : std::string_view(found->second);
}

Result<std::uint32_t> Request::page_limit() const {
  const std::string_view text = param("limit");
  if (text.empty()) return kPageDefault;
  const auto limit = parse_integer<std::uint32_t>(text);
  if (!limit || *limit < 1 || *limit > kPageLimit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("limit lies between 1 and {}", kPageLimit), "limit");
  return *limit;
}

const std::string& Request::segment(std::string_view name) const {
  const auto found = path.find(name);
  assert(found != path.end() && "the route's pattern has no such segment");
  return found->second;
}

std::optional<std::vector<std::string>> Request::visible_use_cases() const {
  std::vector<std::string> slugs;
  for (const governance::RoleGrant& grant : session.principal.grants) {
    if (!governance::may({grant}, governance::Permission::kView)) continue;
    if (grant.use_case.empty()) return std::nullopt;
    slugs.push_back(grant.use_case);
  }
  return slugs;
}

Result<json::object> Request::body_object() const {
  if (trim(exchange.body()).empty()) return json::object{};
  SLIPWAY_ASSIGN(json::value value, parse_json(exchange.body(), {32, 1u << 20}));
  if (!value.is_object()) return fail(ErrorCode::kInvalidArgument, "the body must be a JSON object", "body");
  return std::move(value.as_object());
}

Error problem(ErrorCode code, std::string message, std::string where, std::string hint) {
  return {code, std::move(message), std::move(where), std::move(hint)};
}

std::string items_json(json::array items) {
  return json::serialize(json::object{{"items", std::move(items)}});
}

rt::Task<void> answer_with(Request& request, int status, std::string body, std::string_view content_type,
                           std::string header_name, std::string header_value) {
  std::vector<net::Header> headers = {{"content-type", content_type},
                                      {"x-request-id", request.request_id},
                                      {"cache-control", "no-store"},
                                      {"x-content-type-options", "nosniff"}};
  if (!header_name.empty()) headers.push_back({header_name, header_value});
  const Result<> sent = co_await request.exchange.send(status, headers, body);
  static_cast<void>(sent);  // the client has left; nothing is owed to it
}

rt::Task<void> answer(Request& request, int status, std::string body) {
  co_await answer_with(request, status, std::move(body), "application/json", {}, {});
}

rt::Task<void> answer_nothing(Request& request) {
  co_await answer_with(request, 204, {}, "application/json", {}, {});
}

rt::Task<void> answer_error(Request& request, Error error) {
  if (error.code == ErrorCode::kInternal || error.code == ErrorCode::kIo ||
      error.code == ErrorCode::kDataLoss)
    request.services.log.error(
        "api.failed",
        {{"request_id", request.request_id}, {"path", request.exchange.path()}, {"error", error.describe()}});
  co_await answer_with(request, http_status(error.code), problem_json(error, request.request_id),
                       "application/problem+json", {}, {});
}

}  // namespace slipway::api
