// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/http_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "catalog/case.h"
#include "evaluation/metrics/answer_schema.h"

namespace slipway::evaluation {

namespace {

constexpr llm::RenderLimits kLimits{.output_bytes = 8u << 20, .steps = 200'000, .depth = 64};

Error bad(std::string message, std::string where, std::string hint = {}) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint)};
}

Result<llm::Template> compile(std::string_view text, const std::string& where) {
  auto made = llm::Template::compile(text);
  if (!made) {
    Error error = std::move(made).error();
    error.where = where + (error.where.empty() ? "" : ":" + error.where);
    return fail(std::move(error));
  }
  return made;
}

Result<> check_templates(const json::value& value, const std::string& where) {
  if (value.is_string()) {
    SLIPWAY_TRY(compile(std::string_view(value.get_string()), where));
  } else if (value.is_array()) {
    for (const json::value& one : value.get_array()) SLIPWAY_TRY(check_templates(one, where));
  } else if (value.is_object()) {
    for (const json::key_value_pair& one : value.get_object())
      SLIPWAY_TRY(check_templates(one.value(), where + "." + std::string(one.key())));
  }
  return {};
}

json::object view_of(const RunCase& one) {
  json::object view;
  const json::value* input = one.field("input");
  if (input != nullptr && input->is_object()) view = input->get_object();
  if (input != nullptr) view["input"] = catalog::text_of_input(*input);
  if (input != nullptr && input->is_array()) view["messages"] = *input;
  view["id"] = one.id;
  for (const std::string_view name : {"context", "metadata"})
    if (const json::value* value = one.field(name)) view[name] = *value;
  return view;
}

Result<std::string> render(const llm::Template& text, const json::object& view) {
  std::string out;
  SLIPWAY_TRY(text.render(view, {}, kLimits, out));
  return out;
}

// Texts of a view as they may stand in an address.
json::value encoded(const json::value& value) {
  if (value.is_string()) return json::value(url_encode(std::string_view(value.get_string())));
  if (value.is_array()) {
    json::array out;
    for (const json::value& one : value.get_array()) out.push_back(encoded(one));
    return out;
  }
  if (!value.is_object()) return value;
  json::object out;
  for (const json::key_value_pair& one : value.get_object()) out[one.key()] = encoded(one.value());
  return out;
}

}  // namespace

Result<HttpTarget> HttpTarget::read(const json::object& http) {
  HttpTarget out;
  SLIPWAY_ASSIGN(const std::string url, require_string(http, "url", "target.http"));
  const std::size_t scheme = url.find("://");
  const std::size_t path = scheme == std::string::npos ? scheme : url.find_first_of("/?#", scheme + 3);
  const std::string base = url.substr(0, path);
  if (base.find("{{") != std::string::npos)
    return fail(
        bad("the host can't be a variable", "target.http.url", "Variables may stand behind the host."));
  auto origin = net::parse_origin(base);
  if (!origin) {
    Error error = std::move(origin).error();
    error.where = "target.http.url";
    return fail(std::move(error));
  }
  out.origin_ = std::move(*origin);
  const std::string rest = path == std::string::npos ? "/" : url.substr(path, url.find('#') - path);
  SLIPWAY_ASSIGN(out.path_, compile(rest.starts_with('/') ? rest : "/" + rest, "target.http.url"));
  SLIPWAY_ASSIGN(const auto method, optional_string(http, "method", "target.http"));
  out.method_ = method.value_or("POST");
  if (out.method_ != "GET" && out.method_ != "POST" && out.method_ != "PUT")
    return fail(bad("must be GET, POST or PUT", "target.http.method"));
  SLIPWAY_ASSIGN(const json::object* headers, optional_object(http, "headers", "target.http"));
  if (headers != nullptr)
    for (const json::key_value_pair& one : *headers) {
      const std::string where = fmt::format("target.http.headers.{}", std::string_view(one.key()));
      if (!one.value().is_string() || one.key().empty() || net::breaks_lines(one.key()) ||
          one.key().find_first_of(": ") != std::string_view::npos)
        return fail(bad("must be a header's name with a text", where));
      SLIPWAY_ASSIGN(llm::Template value, compile(std::string_view(one.value().get_string()), where));
      out.headers_.emplace_back(to_lower(one.key()), std::move(value));
    }
  if (const json::value* body = http.if_contains("body"); body != nullptr && !body->is_null()) {
    SLIPWAY_TRY(check_templates(*body, "target.http.body"));
    out.body_ = *body;
    out.has_body_ = true;
  } else if (out.method_ != "GET") {
    out.body_ = json::object{{"input", "{{input}}"}};
    out.has_body_ = true;
  }
  SLIPWAY_ASSIGN(const auto pointer, optional_string(http, "response_path", "target.http"));
  out.response_path_ = pointer.value_or("");
  if (!out.response_path_.empty() && !out.response_path_.starts_with('/'))
    return fail(
        bad("must be a JSON pointer", "target.http.response_path", "As in /choices/0/message/content."));
  return out;
}

Result<json::value> HttpTarget::fill(const json::value& value, const json::object& view) const {
  if (value.is_string()) {
    SLIPWAY_ASSIGN(const llm::Template text,
                   compile(std::string_view(value.get_string()), "target.http.body"));
    SLIPWAY_ASSIGN(const std::string done, render(text, view));
    return json::value(done);
  }
  if (value.is_array()) {
    json::array out;
    for (const json::value& one : value.get_array()) {
      SLIPWAY_ASSIGN(json::value done, fill(one, view));
      out.push_back(std::move(done));
    }
    return out;
  }
  if (!value.is_object()) return value;
  json::object out;
  for (const json::key_value_pair& one : value.get_object()) {
    SLIPWAY_ASSIGN(out[one.key()], fill(one.value(), view));
  }
  return out;
}

Result<HttpTarget::Request> HttpTarget::request_for(const RunCase& one) const {
  const json::object view = view_of(one);
  Request out;
  out.method = method_;
  SLIPWAY_ASSIGN(out.target, render(path_, encoded(view).as_object()));
  if (net::breaks_lines(out.target) || out.target.find(' ') != std::string::npos)
    return fail(bad("the address holds a space or a line end", "target.http.url"));
  bool typed = false;
  for (const auto& [name, value] : headers_) {
    SLIPWAY_ASSIGN(std::string text, render(value, view));
    if (net::breaks_lines(text))
      return fail(bad("a line end can't stand in a header", "target.http.headers." + name));
    typed = typed || name == "content-type";
    out.headers.emplace_back(name, std::move(text));
  }
  if (!has_body_) return out;
  SLIPWAY_ASSIGN(const json::value body, fill(body_, view));
  out.body = body.is_string() ? std::string(body.get_string()) : json::serialize(body);
  if (!typed)
    out.headers.emplace_back("content-type",
                             body.is_string() ? "text/plain; charset=utf-8" : "application/json");
  return out;
}

Result<std::string> HttpTarget::answer_in(std::string_view body) const {
  if (response_path_.empty()) return to_valid_utf8(body);
  const auto parsed = parse_json(body);
  if (!parsed)
    return fail(ErrorCode::kInvalidArgument,
                "the application's answer is no JSON: " + parsed.error().describe(),
                "target.http.response_path", "Without a response path the whole body is the answer.");
  const json::value* found = at_pointer(*parsed, response_path_);
  if (found == nullptr || found->is_null())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the application's answer has nothing at {}", response_path_),
                "target.http.response_path", {});
  return found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
}

}  // namespace slipway::evaluation
