// SPDX-License-Identifier: Apache-2.0
// One request to the control API and the ways to answer it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/services.h"
#include "base/json.h"
#include "base/result.h"
#include "governance/permissions.h"
#include "governance/principals.h"
#include "net/server.h"
#include "rt/task.h"

namespace slipway::api {

// Decoded query parameters; the first of a name wins.
using Query = std::map<std::string, std::string, std::less<>>;
Result<Query> parse_query(std::string_view text);

// Items of a page of any list, unless the parameter `limit` says otherwise, and at most.
inline constexpr std::uint32_t kPageDefault = 100;
inline constexpr std::uint32_t kPageLimit = 500;

// What a handler is given. Lives in the router's coroutine.
struct Request {
  net::Exchange& exchange;
  gateway::Gateway& gateway;  // of this loop
  Services& services;
  std::string request_id;
  std::map<std::string, std::string, std::less<>> path;  // what stood in the place of each {name}, decoded
  Query query;
  governance::Session session;  // the caller; csrf_token empty for a service
  std::string cookie;           // the session's secret, empty for a service

  [[nodiscard]] std::string_view param(std::string_view name) const;  // of the query; empty if there is none
  [[nodiscard]] const std::string& segment(std::string_view name) const;  // of the path, which has it
  [[nodiscard]] governance::Actor actor() const { return session.principal.actor(); }
  // kPermissionDenied, with who may, unless the caller may.
  [[nodiscard]] Result<> require(governance::Permission permission,
                                 const governance::Scope& scope = {}) const {
    return governance::require(session.principal.grants, permission, scope);
  }
  // The parameter `limit`; kInvalidArgument if it is out of bounds.
  [[nodiscard]] Result<std::uint32_t> page_limit() const;
  // What the caller may see: everything, or the use cases that their roles name.
  [[nodiscard]] std::optional<std::vector<std::string>> visible_use_cases() const;
  // The body as a JSON object; an empty body is an empty object.
  [[nodiscard]] Result<json::object> body_object() const;
};

// Runs a job on the blocking pool and resumes here.
template <class T>
rt::Task<Result<T>> in_pool(Request& request, std::function<Result<T>()> job) {
  Result<T> result = co_await request.services.pool.run<T>(std::move(job));
  co_return result;
}
using Nothing = std::monostate;

// An error as a function call: GCC 12 miscompiles braced temporaries inside co_await expressions.
Error problem(ErrorCode code, std::string message, std::string where = {}, std::string hint = {});

// The error of the first that failed; one of them did. Named for the same compiler: no conditional inside
// co_await.
template <class First, class... Rest>
Error first_error(const First& first, const Rest&... rest) {
  if constexpr (sizeof...(rest) == 0)
    return first.error();
  else
    return first ? first_error(rest...) : first.error();
}

std::string items_json(json::array items);  // {"items": […]}

rt::Task<void> answer(Request& request, int status, std::string body);
rt::Task<void> answer_nothing(Request& request);  // 204
rt::Task<void> answer_error(Request& request, Error error);
// With a header of its own besides the usual ones.
rt::Task<void> answer_with(Request& request, int status, std::string body, std::string_view content_type,
                           std::string header_name, std::string header_value);

}  // namespace slipway::api
