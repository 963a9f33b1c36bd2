// SPDX-License-Identifier: Apache-2.0
// Changes that are stored, and then brought into force.
#pragma once

#include <utility>

#include "api/services.h"
#include "base/json.h"

namespace slipway::api {

struct Answer {
  int status = 200;
  json::object body;
};

// Brings a stored change into force. Where that fails the change is stored all the same, and this node tries
// again by itself: the answer is 202 and says so. Blocks.
inline Answer publish(Services& services, json::object body) {
  const bool published = services.republish().has_value();
  body["published"] = published;
  return {published ? 200 : 202, std::move(body)};
}

}  // namespace slipway::api
