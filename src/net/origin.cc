// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "net/client.h"

namespace slipway::net {
namespace {

bool allowed_in_host(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool allowed_in_address(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

bool allowed_in_path(char c) { return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\'; }

std::unexpected<Error> bad(std::string_view url, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, std::string(why), std::string(url),
              "a base URL looks like https://api.example.com/v1");
}

}  // namespace

Result<Origin> parse_origin(std::string_view url) {
  Origin origin;
  std::string_view rest = url;
  const std::size_t scheme_end = rest.find("://");
  if (scheme_end == std::string_view::npos) return bad(url, "the URL has no scheme");
  const std::string scheme = to_lower(rest.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return bad(url, "the URL's scheme must be http or https");
  origin.tls = scheme == "https";
  rest.remove_prefix(scheme_end + 3);

  const std::size_t authority_end = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, authority_end);
  std::string_view path =
      authority_end == std::string_view::npos ? std::string_view{} : rest.substr(authority_end);
  if (authority.contains('@')) return bad(url, "the URL must not hold a user name or password");
  if (path.find_first_of("?#") != std::string_view::npos)
    return bad(url, "a base URL has no query or fragment");

  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad(url, "the IPv6 address has no closing bracket");
    origin.host = to_lower(authority.substr(1, close - 1));
    for (const char c : origin.host) {
      if (!allowed_in_address(c)) return bad(url, "the IPv6 address is malformed");
    }
    port = authority.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) return bad(url, "the port is malformed");
  } else {
    const std::size_t colon = authority.find(':');
    origin.host = to_lower(authority.substr(0, colon));
    for (const char c : origin.host) {
      if (!allowed_in_host(c)) return bad(url, "the host name is malformed");
    }
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (origin.host.empty() || origin.host.size() > 253) return bad(url, "the URL names no host");
  const std::uint16_t usual = origin.tls ? 443 : 80;
  origin.port = usual;
  if (port.size() > 1) {
    const auto number = parse_integer<std::uint16_t>(port.substr(1));
    if (!number || *number == 0) return bad(url, "the port is malformed");
    origin.port = *number;
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  for (const char c : path) {
    if (!allowed_in_path(c)) return bad(url, "the path is malformed");
  }
  origin.prefix = path;
  const std::string name = origin.host.contains(':') ? "[" + origin.host + "]" : origin.host;
  origin.host_header = origin.port == usual ? name : name + ":" + std::to_string(origin.port);
  origin.key = scheme + "://" + name + ":" + std::to_string(origin.port);
  return origin;
}

bool is_private_address(const rt::asio::ip::address& address) {
  if (address.is_v6()) {
    const auto v6 = address.to_v6();
    if (v6.is_v4_mapped())
      return is_private_address(rt::asio::ip::make_address_v4(rt::asio::ip::v4_mapped, v6));
    const auto bytes = v6.to_bytes();
    return v6.is_loopback() || v6.is_unspecified() || v6.is_link_local() || v6.is_multicast() ||
           (bytes[0] & 0xfe) == 0xfc ||             // fc00::/7, unique local
           (bytes[0] == 0xfe && bytes[1] >= 0xc0);  // fec0::/10, site local of old
  }
  const std::uint32_t v4 = address.to_v4().to_uint();
  const auto in = [v4](std::uint32_t network, int bits) { return (v4 ^ network) >> (32 - bits) == 0; };
  return in(0x00000000, 8) || in(0x0a000000, 8) || in(0x64400000, 10) || in(0x7f000000, 8) ||
         in(0xa9fe0000, 16) || in(0xac100000, 12) || in(0xc0000000, 24) || in(0xc0a80000, 16) ||
         in(0xc6120000, 15) || in(0xe0000000, 3);
}

}  // namespace slipway::net
