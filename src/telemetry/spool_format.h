// SPDX-License-Identifier: Apache-2.0
// What a segment file looks like; shared by the spool and its reader.
//   header: "SLPSPOOL" · u64 segment number · u32 salt · u32 CRC-32C of these 20 bytes
//   frame:  u32 length of what follows the CRC · u32 CRC-32C, started from the salt · u8 version · A5 5A ·
//   payload
// The two marker bytes make the search for the next record after damage cheap.
// The salt makes it impossible for a client to plant bytes in a body that pass for a record after damage.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"

namespace slipway::telemetry::spool_format {

inline constexpr std::string_view kMagic = "SLPSPOOL";
inline constexpr std::size_t kHeaderBytes = 24;
inline constexpr std::size_t kPrefixBytes = 8;  // length and CRC
inline constexpr std::size_t kFrameBytes = 11;  // all before the payload
inline constexpr std::string_view kMarker = "\xA5\x5A";
inline constexpr std::uint32_t kLongestFrame = 256u << 20;

inline std::string make_header(std::uint64_t segment, std::uint32_t salt) {
  std::string header(kMagic);
  ByteWriter writer(header);
  writer.fixed(segment);
  writer.fixed(salt);
  writer.fixed(crc32c(header));
  return header;
}

struct Header {
  std::uint64_t segment;
  std::uint32_t salt;
};
inline std::optional<Header> read_header(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  ByteReader reader(bytes.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
  Header header{};
  header.segment = reader.fixed<std::uint64_t>();
  header.salt = reader.fixed<std::uint32_t>();
  if (reader.fixed<std::uint32_t>() != crc32c(bytes.substr(0, kHeaderBytes - 4))) return std::nullopt;
  return header;
}

inline std::uint32_t frame_length(const char* frame) {
  std::uint32_t length = 0;
  std::memcpy(&length, frame, sizeof(length));
  return length;
}
inline std::uint32_t frame_crc(const char* frame, std::uint32_t length, std::uint32_t salt) {
  return crc32c({frame + kPrefixBytes, length}, crc32c({frame, sizeof(length)}, salt));
}

enum class FrameState { kGood, kShort, kBad };
// Whether `bytes` begins with a whole good frame; kShort if it may be one that needs more bytes than there
// are.
inline FrameState check_frame(std::string_view bytes, std::uint32_t salt, std::uint32_t& length) {
  if (bytes.size() < kPrefixBytes) return FrameState::kShort;
  length = frame_length(bytes.data());
  if (length < kFrameBytes - kPrefixBytes || length > kLongestFrame) return FrameState::kBad;
  if (bytes.size() >= kFrameBytes && bytes.substr(kPrefixBytes + 1, kMarker.size()) != kMarker)
    return FrameState::kBad;
  if (bytes.size() - kPrefixBytes < length) return FrameState::kShort;
  std::uint32_t stored = 0;
  std::memcpy(&stored, bytes.data() + 4, sizeof(stored));
  return stored == frame_crc(bytes.data(), length, salt) ? FrameState::kGood : FrameState::kBad;
}

std::filesystem::path segment_path(const std::filesystem::path& directory, std::uint64_t segment);
// Segment numbers in a directory, ascending; files of other names are ignored.
std::vector<std::uint64_t> list_segments(const std::filesystem::path& directory);

}  // namespace slipway::telemetry::spool_format
