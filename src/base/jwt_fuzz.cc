// SPDX-License-Identifier: Apache-2.0
// Any bytes as a set of keys, and any bytes as a token for a sound set: must end in an error or in claims.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The public key of RFC 8037, appendix A.2.
  static const auto kKeys = slipway::JsonWebKeys::parse(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  if (!kKeys) std::abort();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto claims = kKeys->verify(text)) static_cast<void>(slipway::check_id_token(*claims, {}));
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  if (const auto keys = slipway::JsonWebKeys::parse(text.substr(0, line)))
    static_cast<void>(keys->verify(text.substr(line + 1)));
  return 0;
}
