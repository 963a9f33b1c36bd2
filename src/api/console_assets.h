// SPDX-License-Identifier: Apache-2.0
// The console's files, and the API's contract, as they lie in the binary.
#pragma once

#include <string_view>

namespace slipway::api {

struct ConsoleAsset {
  std::string_view path;          // "/index.html", "/assets/main-a1b2c3.js", "/api/openapi.yaml"
  std::string_view content_type;  // ready for the header
  std::string_view etag;          // strong, with its quotation marks, of the identity form
  std::string_view identity;      // the bytes as built
  std::string_view gzip;          // the same compressed; empty in a build without the console
  bool immutable;                 // the name carries a digest: may be cached for ever
};

// The asset of exactly this path, or null. Views are valid for ever; any thread may call it.
// A path of the single-page application ("/overview") is not an asset: answer those with "/index.html".
const ConsoleAsset* find_console_asset(std::string_view path);

// To be sent with every page: scripts only from the server itself, nothing from elsewhere. Inline styles are
// let in because the component library computes positions and colours of elements.
inline constexpr std::string_view kConsoleContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'";

}  // namespace slipway::api
