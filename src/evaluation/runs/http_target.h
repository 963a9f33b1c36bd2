// SPDX-License-Identifier: Apache-2.0
// An application behind HTTP as what is tried: how a case becomes a request and where its answer stands.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/runs/ports.h"
#include "llm/mustache.h"
#include "net/client.h"

namespace slipway::evaluation {

// Immutable; any thread.
class HttpTarget {
 public:
  // `target.http` of an evaluation: url, method, headers, body, response_path. Texts in url, headers and body
  // are Mustache templates over the case: {{input}} (its text), {{id}}, {{context}}, {{metadata.x}}, and the
  // variables of an input that has some. kInvalidArgument names the field.
  static Result<HttpTarget> read(const json::object& http);

  struct Request {
    std::string method;
    std::string target;  // path and query
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
  };
  // Variables in the address are percent-encoded.
  [[nodiscard]] Result<Request> request_for(const RunCase& one) const;
  // The answer at `response_path`, a JSON pointer (RFC 6901); without one the body is the answer.
  [[nodiscard]] Result<std::string> answer_in(std::string_view body) const;
  [[nodiscard]] const net::Origin& origin() const { return origin_; }
  [[nodiscard]] net::Origin& origin() { return origin_; }

 private:
  // Templates of one JSON value, in the order they are met.
  [[nodiscard]] Result<json::value> fill(const json::value& value, const json::object& view) const;
  net::Origin origin_;
  std::string method_;
  llm::Template path_;
  std::vector<std::pair<std::string, llm::Template>> headers_;
  json::value body_;
  bool has_body_ = false;
  std::string response_path_;
};

}  // namespace slipway::evaluation
