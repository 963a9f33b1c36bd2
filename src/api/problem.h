// SPDX-License-Identifier: Apache-2.0
// RFC 9457 problem details: every error of the control API.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::api {

int http_status(ErrorCode code);
// application/problem+json. An error whose `where` is a field becomes an entry of `errors` too.
std::string problem_json(const Error& error, std::string_view request_id);

// One of several things that are wrong.
struct FieldError {
  std::string field;
  std::string detail;
};
// kInvalidArgument with everything that is wrong.
std::string problem_json(std::string_view detail, const std::vector<FieldError>& errors,
                         std::string_view request_id);

}  // namespace slipway::api
