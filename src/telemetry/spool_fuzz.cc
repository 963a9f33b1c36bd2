// SPDX-License-Identifier: Apache-2.0
// The spool's reader and the record decoder over arbitrary segment contents. The header is made good, so that
// the fuzzer's bytes are taken for frames; checksums are mended where a frame looks plausible, so that the
// decoder is reached as well.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "telemetry/record_codec.h"
#include "telemetry/spool_format.h"
#include "telemetry/spool_reader.h"

namespace {

using namespace slipway::telemetry;

const std::filesystem::path& directory() {
  static const std::filesystem::path path = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "slipway-fuzz-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    return std::filesystem::path(pattern);
  }();
  return path;
}

void mend(std::string& segment, std::uint32_t salt) {
  std::size_t at = spool_format::kHeaderBytes;
  while (segment.size() - at >= spool_format::kFrameBytes) {
    const std::uint32_t length = spool_format::frame_length(segment.data() + at);
    if (length < 3 || length > segment.size() - at - spool_format::kPrefixBytes) return;
    segment[at + 9] = spool_format::kMarker[0];
    segment[at + 10] = spool_format::kMarker[1];
    const std::uint32_t crc = spool_format::frame_crc(segment.data() + at, length, salt);
    std::memcpy(segment.data() + at + 4, &crc, sizeof(crc));
    at += spool_format::kPrefixBytes + length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kSalt = 0x5eed;
  std::string segment = spool_format::make_header(1, kSalt);
  segment.append(reinterpret_cast<const char*>(data), size);
  if (size > 0 && (data[0] & 1) != 0) mend(segment, kSalt);
  std::ofstream(spool_format::segment_path(directory(), 1), std::ios::binary | std::ios::trunc) << segment;
  SpoolReader reader(directory());
  std::uint64_t seen = 0;
  while (true) {
    const auto frames = reader.read({1, segment.size()}, 256);
    if (!frames || frames->empty()) break;
    for (const SpoolFrame& frame : *frames) {
      InvocationRecord record;
      (void)decode_record(frame.version, frame.payload, record);
      seen += frame.payload.size() + spool_format::kFrameBytes;
    }
  }
  // Every byte is either part of a record or counted as damage.
  if (seen + reader.stats().corrupt_bytes != size) std::abort();
  return 0;
}
