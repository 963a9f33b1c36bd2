// SPDX-License-Identifier: Apache-2.0
// Calls of a server's control API (api/openapi.yaml) from an ordinary thread.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/result.h"

namespace slipway::cli {

// Where a server is and what proves who we are: a bearer token, or a session cookie with its CSRF token.
struct ServerAccess {
  std::string url;
  std::string bearer;
  std::string cookie;
  std::string csrf;
  std::string ca_file;
};

struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string set_cookie;
  std::string body;
};

// One HTTP request to any URL, the whole answer read; for the control API and for the doctor.
// kUnavailable when the other side can't be reached.
Result<HttpAnswer> fetch(std::string_view method, const std::string& url,
                         const std::vector<std::pair<std::string, std::string>>& headers,
                         std::string_view body, const std::string& ca_file = {}, bool verify = true,
                         std::uint32_t timeout_ms = 30'000);

inline constexpr std::uint32_t kAnswerTimeoutMs = 30'000;

class ApiClient {
 public:
  explicit ApiClient(ServerAccess access) : access_(std::move(access)) {}

  // `path` begins with /api/v1. The answer's JSON, null for 204. A problem+json answer becomes its Error.
  [[nodiscard]] Result<boost::json::value> get(const std::string& path) const;
  [[nodiscard]] Result<boost::json::value> post(const std::string& path, const boost::json::value& body,
                                                std::uint32_t timeout_ms = kAnswerTimeoutMs) const;
  [[nodiscard]] Result<boost::json::value> put(const std::string& path, const boost::json::value& body) const;
  [[nodiscard]] Result<boost::json::value> remove(const std::string& path) const;
  // A piece of a file, as it is.
  [[nodiscard]] Result<boost::json::value> put_bytes(const std::string& path, std::string_view bytes) const;
  // Hands on each piece of the body as it arrives, until the end or until `on_piece` returns false.
  Result<> stream(const std::string& path, std::string_view accept,
                  std::function<bool(std::string_view)> on_piece) const;

  [[nodiscard]] const ServerAccess& access() const { return access_; }

 private:
  [[nodiscard]] Result<boost::json::value> call(std::string_view method, const std::string& path,
                                                std::string_view body,
                                                std::uint32_t timeout_ms = kAnswerTimeoutMs,
                                                std::string_view content_type = "application/json") const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers() const;
  ServerAccess access_;
};

// The error an HTTP answer of the control API stands for.
Error error_of(const HttpAnswer& answer, const std::string& url);

// "?a=1&b=2" from the pairs whose value is not empty, percent-encoded.
std::string query_string(const std::vector<std::pair<std::string, std::string>>& parameters);

// The session a login leaves behind: $XDG_CONFIG_HOME/slipway/session.json, mode 0600.
std::string session_file(const std::map<std::string, std::string, std::less<>>& environment);
Result<> save_session(const std::string& path, const ServerAccess& access);
// kNotFound when there is none.
Result<ServerAccess> read_session(const std::string& path);

// Who to call and as whom. URL: `url`, $SLIPWAY_URL, the session's, the configured server on this machine.
// Token: $SLIPWAY_TOKEN, the session if it belongs to that URL, and for a server on this machine the token in
// its data directory (never sent anywhere else).
ServerAccess find_access(const std::string& url, const Config& config,
                         const std::map<std::string, std::string, std::less<>>& environment);

}  // namespace slipway::cli
