// SPDX-License-Identifier: Apache-2.0
// What can go wrong is a value: every fallible function returns Result<T>.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace slipway {

// Stable classes of failure. The API surfaces map them to HTTP statuses, the CLI to exit codes.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,   // the input is wrong; the caller can mend it
  kUnauthenticated,   // no or unknown credentials
  kPermissionDenied,  // known, but may not
  kNotFound,
  kConflict,           // exists already, or changed meanwhile
  kResourceExhausted,  // a limit, quota or budget
  kUnavailable,        // the other side can't be reached or is shutting down; trying again may help
  kDeadlineExceeded,
  kCancelled,
  kDataLoss,  // stored bytes are damaged
  kIo,        // disk or socket
  kInternal,  // a defect of ours
};

// "invalid_argument", "not_found", …: the stable spelling used in answers and logs.
std::string_view to_string(ErrorCode code);

// What failed (message), where (file:line, field or peer), and what to do about it (hint).
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string where;
  std::string hint;

  // "where: message. hint", leaving out what is empty.
  [[nodiscard]] std::string describe() const;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string where = {},
                                   std::string hint = {}) {
  return std::unexpected<Error>(Error{code, std::move(message), std::move(where), std::move(hint)});
}

inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace slipway

// Evaluates an expression returning Result; on failure returns its error from this function.
#define SLIPWAY_TRY(expression)                                                   \
  do {                                                                            \
    if (auto slipway_try_result = (expression); !slipway_try_result) [[unlikely]] \
      return ::slipway::fail(std::move(slipway_try_result).error());              \
  } while (false)

#define SLIPWAY_JOIN_(a, b) a##b
#define SLIPWAY_JOIN(a, b) SLIPWAY_JOIN_(a, b)
#define SLIPWAY_ASSIGN_(name, declaration, expression) \
  auto name = (expression);                            \
  if (!name) [[unlikely]]                              \
    return ::slipway::fail(std::move(name).error());   \
  declaration = std::move(*name)
// SLIPWAY_ASSIGN(auto value, f()): declares value from f()'s Result or returns its error.
#define SLIPWAY_ASSIGN(declaration, expression) \
  SLIPWAY_ASSIGN_(SLIPWAY_JOIN(slipway_result_, __LINE__), declaration, expression)
