// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "base/text.h"
#include "net/client.h"
#include "rt/block_on.h"
#include "rt/blocking_pool.h"
#include "rt/loop.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kAnswerLimitBytes = 64u << 20;

using HeaderPairs = std::vector<std::pair<std::string, std::string>>;
using OnPiece = std::function<bool(std::string_view)>;

struct Outgoing {
  std::string method;
  net::Origin origin;
  std::string target;
  HeaderPairs headers;
  std::string body;
  net::ClientClocks clocks;
};

// `on_piece` sees the body only of a 2xx answer; otherwise the body is kept in the answer.
rt::Task<Result<HttpAnswer>> exchange(net::Client* client, const Outgoing* outgoing,
                                      const OnPiece* on_piece) {
  std::vector<net::Header> headers;
  for (const auto& [name, value] : outgoing->headers) headers.push_back({name, value});
  net::OutgoingRequest request;
  request.method = outgoing->method;
  request.target = outgoing->target;
  request.headers = headers;
  request.body = outgoing->body;
  Result<std::unique_ptr<net::ClientResponse>> sent =
      co_await client->send(outgoing->origin, request, outgoing->clocks, nullptr);
  if (!sent) co_return fail(std::move(sent).error());
  const std::unique_ptr<net::ClientResponse> response = std::move(*sent);
  HttpAnswer answer;
  answer.status = response->status();
  answer.content_type = response->headers().find("content-type");
  answer.set_cookie = response->headers().find("set-cookie");
  const bool pass_on = *on_piece && answer.status / 100 == 2;
  while (true) {
    const Result<std::string_view> piece = co_await response->read_piece();
    if (!piece) co_return fail(piece.error());
    if (piece->empty()) break;
    if (pass_on) {
      if (!(*on_piece)(*piece)) break;
      continue;
    }
    if (answer.body.size() + piece->size() > kAnswerLimitBytes)
      co_return fail(ErrorCode::kResourceExhausted, "the answer is larger than 64 MiB");
    answer.body.append(*piece);
  }
  co_return answer;
}

Result<HttpAnswer> perform(Outgoing outgoing, OnPiece on_piece) {
  rt::Loop loop("cli");
  rt::BlockingPool resolver("cli-dns", 1, 16);
  std::unique_ptr<net::Client> client;
  loop.run_and_wait([&] { client = net::Client::create(loop, resolver, {}, Logger()); });
  auto answer =
      rt::block_on<Result<HttpAnswer>>(loop, [&] { return exchange(client.get(), &outgoing, &on_piece); });
  loop.run_and_wait([&] {
    client->close();
    client.reset();
  });
  return answer;
}

Result<Outgoing> prepare(std::string_view method, const std::string& url, const HeaderPairs& headers,
                         std::string_view body, const std::string& ca_file, bool verify) {
  // The query may not stand in an origin: cut it off and put it back.
  const std::size_t scheme = url.find("://");
  const std::size_t path = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  Outgoing outgoing;
  SLIPWAY_ASSIGN(outgoing.origin, net::parse_origin(url.substr(0, path)));
  outgoing.origin.ca_file = ca_file;
  outgoing.origin.verify = verify;
  outgoing.method = method;
  outgoing.target = path == std::string::npos ? "/" : url.substr(path);
  outgoing.headers = headers;
  outgoing.headers.emplace_back("user-agent", "slipway-cli");
  outgoing.body = body;
  return outgoing;
}

bool is_local(std::string_view url) {
  for (const std::string_view host : {"//127.0.0.1", "//localhost", "//[::1]"}) {
    const std::size_t at = url.find(host);
    if (at == std::string_view::npos || at > 6) continue;
    const std::string_view rest = url.substr(at + host.size());
    if (rest.empty() || rest.front() == ':' || rest.front() == '/') return true;
  }
  return false;
}

std::string configured_url(const Config& config) {
  std::string host = config.server.address;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  const bool tls = !config.server.tls.certificate_file.empty();
  return (tls ? "https://" : "http://") + host + ":" + std::to_string(config.server.port);
}

std::string find_in(const std::map<std::string, std::string, std::less<>>& environment,
                    std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string read_token(const std::string& path) {
  std::ifstream in(path);
  std::string token;
  std::getline(in, token);
  return std::string(trim(token));
}

// The sentence of an RFC 9457 problem, with the fields it complains about.
std::string text_of_problem(const json::object& problem) {
  const auto text = [](const json::object& object, std::string_view field) {
    const json::value* value = object.if_contains(field);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
  };
  std::string out = text(problem, "detail");
  if (out.empty()) out = text(problem, "title");
  if (const json::value* errors = problem.if_contains("errors"); errors != nullptr && errors->is_array())
    for (const json::value& error : errors->as_array()) {
      if (!error.is_object()) continue;
      const std::string field = text(error.as_object(), "field");
      const std::string detail = text(error.as_object(), "detail");
      // What the whole is about need not be said again, only where.
      if (detail != text(problem, "detail"))
        out += (out.empty() ? "" : "; ") + field + ": " + detail;
      else if (!field.empty() && out.find(field) == std::string::npos)
        out += " (" + field + ")";
    }
  return out;
}

ErrorCode code_of(int status) {
  switch (status) {
    case 401: return ErrorCode::kUnauthenticated;
    case 403: return ErrorCode::kPermissionDenied;
    case 404: return ErrorCode::kNotFound;
    case 409: return ErrorCode::kConflict;
    case 429: return ErrorCode::kResourceExhausted;
    default: return status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument;
  }
}

}  // namespace

Result<HttpAnswer> fetch(std::string_view method, const std::string& url, const HeaderPairs& headers,
                         std::string_view body, const std::string& ca_file, bool verify,
                         std::uint32_t timeout_ms) {
  SLIPWAY_ASSIGN(Outgoing outgoing, prepare(method, url, headers, body, ca_file, verify));
  outgoing.clocks = {timeout_ms, timeout_ms, timeout_ms, timeout_ms};
  return perform(std::move(outgoing), {});
}

Error error_of(const HttpAnswer& answer, const std::string& url) {
  Error error{code_of(answer.status), "the server answered " + std::to_string(answer.status), url, ""};
  if (const auto parsed = parse_json(answer.body); parsed && parsed->is_object()) {
    const json::object& problem = parsed->as_object();
    const std::string detail = text_of_problem(problem);
    if (!detail.empty()) error.message = detail;
  }
  if (answer.status == 401) error.hint = "run slipway login, or set SLIPWAY_TOKEN";
  if (answer.status == 404 && error.message.starts_with("the server answered"))
    error.hint = "is this the address of a Slipway server?";
  return error;
}

std::vector<std::pair<std::string, std::string>> ApiClient::headers() const {
  HeaderPairs headers;
  if (!access_.bearer.empty())
    headers.emplace_back("authorization", "Bearer " + access_.bearer);
  else if (!access_.cookie.empty()) {
    headers.emplace_back("cookie", access_.cookie);
    headers.emplace_back("x-csrf-token", access_.csrf);
  }
  return headers;
}

Result<json::value> ApiClient::call(std::string_view method, const std::string& path, std::string_view body,
                                    std::uint32_t timeout_ms, std::string_view content_type) const {
  HeaderPairs with = headers();
  with.emplace_back("accept", "application/json");
  if (!body.empty()) with.emplace_back("content-type", content_type);
  SLIPWAY_ASSIGN(const HttpAnswer answer,
                 fetch(method, access_.url + path, with, body, access_.ca_file, true, timeout_ms));
  if (answer.status / 100 != 2) return fail(error_of(answer, access_.url));
  if (answer.body.empty()) return json::value(nullptr);
  return parse_json(answer.body, {.depth = 64, .size_bytes = kAnswerLimitBytes});
}

Result<json::value> ApiClient::get(const std::string& path) const { return call("GET", path, {}); }
Result<json::value> ApiClient::post(const std::string& path, const json::value& body,
                                    std::uint32_t timeout_ms) const {
  return call("POST", path, json::serialize(body), timeout_ms);
}
Result<json::value> ApiClient::put(const std::string& path, const json::value& body) const {
  return call("PUT", path, json::serialize(body));
}
Result<json::value> ApiClient::put_bytes(const std::string& path, std::string_view bytes) const {
  return call("PUT", path, bytes, kAnswerTimeoutMs, "application/octet-stream");
}
Result<json::value> ApiClient::remove(const std::string& path) const { return call("DELETE", path, {}); }

Result<> ApiClient::stream(const std::string& path, std::string_view accept, OnPiece on_piece) const {
  HeaderPairs with = headers();
  with.emplace_back("accept", accept);
  SLIPWAY_ASSIGN(Outgoing outgoing, prepare("GET", access_.url + path, with, {}, access_.ca_file, true));
  // A tail may be quiet for hours; the server's comment lines keep the idle clock from running out.
  outgoing.clocks = {.connect_ms = 10'000, .first_byte_ms = 60'000, .idle_ms = 120'000, .total_ms = 0};
  SLIPWAY_ASSIGN(const HttpAnswer answer, perform(std::move(outgoing), std::move(on_piece)));
  if (answer.status / 100 != 2) return fail(error_of(answer, access_.url));
  return {};
}

std::string query_string(const HeaderPairs& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out += (out.empty() ? "?" : "&") + url_encode(name) + "=" + url_encode(value);
  }
  return out;
}

std::string session_file(const std::map<std::string, std::string, std::less<>>& environment) {
  std::string home = find_in(environment, "XDG_CONFIG_HOME");
  if (home.empty()) home = find_in(environment, "HOME") + "/.config";
  return home + "/slipway/session.json";
}

Result<> save_session(const std::string& path, const ServerAccess& access) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return fail(ErrorCode::kIo, "the folder can't be made: " + error.message(), path);
  const std::string text = json::serialize(json::value{{"url", access.url},
                                                       {"bearer", access.bearer},
                                                       {"cookie", access.cookie},
                                                       {"csrf", access.csrf},
                                                       {"ca_file", access.ca_file}}) +
                           "\n";
  // Written aside and renamed: never readable by others, never half there.
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return fail(ErrorCode::kIo, std::string("can't be written: ") + std::strerror(errno), fresh);
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  std::filesystem::rename(fresh, path, error);
  if (!written || error) return fail(ErrorCode::kIo, "can't be written", path, "is the disk full?");
  return {};
}

Result<ServerAccess> read_session(const std::string& path) {
  std::ifstream in(path);
  if (!in) return fail(ErrorCode::kNotFound, "nobody is signed in", path, "run slipway login");
  std::ostringstream text;
  text << in.rdbuf();
  SLIPWAY_ASSIGN(const json::value value, parse_json(text.str()));
  if (!value.is_object())
    return fail(ErrorCode::kDataLoss, "is not a session file", path, "run slipway login again");
  const json::object& object = value.as_object();
  const auto field = [&](std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
  };
  return ServerAccess{field("url"), field("bearer"), field("cookie"), field("csrf"), field("ca_file")};
}

ServerAccess find_access(const std::string& url, const Config& config,
                         const std::map<std::string, std::string, std::less<>>& environment) {
  const auto session = read_session(session_file(environment));
  ServerAccess access;
  access.url = !url.empty() ? url : find_in(environment, "SLIPWAY_URL");
  if (access.url.empty() && session && !session->url.empty()) access.url = session->url;
  if (access.url.empty()) access.url = configured_url(config);
  while (access.url.ends_with('/')) access.url.pop_back();
  if (session && session->url == access.url) access = *session;
  if (std::string token = find_in(environment, "SLIPWAY_TOKEN"); !token.empty())
    access.bearer = std::move(token);
  else if (access.bearer.empty() && access.cookie.empty() &&
           (is_local(access.url) || access.url == configured_url(config)))
    access.bearer = read_token(config.data_dir + "/" + std::string(kAdminTokenFile));
  return access;
}

}  // namespace slipway::cli
