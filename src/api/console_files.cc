// SPDX-License-Identifier: Apache-2.0
#include "api/console_files.h"

#include <vector>

#include "api/console_assets.h"
#include "api/problem.h"

namespace slipway::api {

namespace {

// A page of the single-page application has no file ending.
bool is_page(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(slash == std::string_view::npos ? 0 : slash).find('.') == std::string_view::npos;
}

}  // namespace

rt::Task<void> serve_console(net::Exchange& exchange) {
  const std::string_view path = exchange.path();
  const ConsoleAsset* asset = find_console_asset(path);
  if (asset == nullptr && is_page(path) && !path.starts_with("/api/"))
    asset = find_console_asset("/index.html");
  const bool readable = exchange.method() == "GET" || exchange.method() == "HEAD";
  if (asset == nullptr || !readable) {
    const std::string problem = problem_json(
        {ErrorCode::kNotFound,
         "there is nothing at this address",
         {},
         "The console is at /, the model API at /v1/, the control API is described at /api/openapi.yaml."},
        "");
    const std::vector<net::Header> headers = {{"content-type", "application/problem+json"}};
    const Result<> sent = co_await exchange.send(404, headers, problem);
    static_cast<void>(sent);  // the client has left
    co_return;
  }
  const bool gzip = !asset->gzip.empty() &&
                    exchange.headers().find("accept-encoding").find("gzip") != std::string_view::npos;
  std::vector<net::Header> headers = {
      {"content-type", asset->content_type},
      {"etag", asset->etag},
      {"cache-control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache"},
      {"vary", "accept-encoding"},
      {"content-security-policy", kConsoleContentSecurityPolicy},
      {"x-content-type-options", "nosniff"},
      {"referrer-policy", "no-referrer"},
      {"cross-origin-opener-policy", "same-origin"}};
  const bool unchanged = exchange.headers().find("if-none-match") == asset->etag;
  if (gzip && !unchanged) headers.push_back({"content-encoding", "gzip"});
  const std::string_view body = unchanged ? std::string_view{} : gzip ? asset->gzip : asset->identity;
  const Result<> sent = co_await exchange.send(unchanged ? 304 : 200, headers, body);
  static_cast<void>(sent);  // the client has left
}

}  // namespace slipway::api
