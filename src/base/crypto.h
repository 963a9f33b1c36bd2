// SPDX-License-Identifier: Apache-2.0
// Hashes, encodings, passwords and sealed secrets; thin and typed over OpenSSL and libsodium.
// Every function here may be called from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
// The same over pieces. Not thread-safe.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void add(std::string_view bytes);
  Sha256 finish();  // once, at the end

 private:
  void* context_;  // OpenSSL's EVP_MD_CTX
};
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

// A Sha256 is uniformly distributed: its first eight bytes are a good hash-table hash.
struct Sha256Hash {
  std::size_t operator()(const Sha256& digest) const noexcept;
};

std::string hex(const void* bytes, std::size_t size);
inline std::string hex(const Sha256& digest) { return hex(digest.data(), digest.size()); }
std::optional<std::string> unhex(std::string_view text);
std::string base64(std::string_view bytes);
std::optional<std::string> unbase64(std::string_view text);
// RFC 4648 §5 alphabet without padding: safe in URLs, cookies and keys.
std::string base64url(std::string_view bytes);
std::optional<std::string> unbase64url(std::string_view text);

// Fills from the kernel's random source; aborts if that is unavailable (nothing can be safe then).
void random_bytes(void* out, std::size_t size);
// `size` random bytes as base64url.
std::string random_token(std::size_t size);

bool constant_time_equal(std::string_view a, std::string_view b);

// Argon2id (libsodium's interactive limits, 64 MiB). Takes tens of milliseconds: blocking pool only.
Result<std::string> hash_password(std::string_view password);
bool verify_password(std::string_view stored_hash, std::string_view password);

// Encrypts secrets at rest: XChaCha20-Poly1305 under a 32-byte master key; the nonce is stored in front.
// `context` (for instance "connection/prod/openai") is authenticated, so a sealed value can't be moved.
class SecretBox {
 public:
  explicit SecretBox(std::array<std::uint8_t, 32> master_key);
  [[nodiscard]] std::string seal(std::string_view plain, std::string_view context) const;
  [[nodiscard]] Result<std::string> open(std::string_view sealed, std::string_view context) const;

 private:
  std::array<std::uint8_t, 32> key_;
};

}  // namespace slipway
