// SPDX-License-Identifier: Apache-2.0
// Reads spool segments. Survives every kind of damage: a bad record is skipped, counted, and reading goes on
// at the next record that checks out. Not thread-safe; blocks on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "telemetry/spool.h"

namespace slipway::telemetry {

struct SpoolFrame {
  std::uint8_t version = 0;  // of the record's format
  std::string_view payload;
};

struct SpoolReaderStats {
  std::uint64_t records = 0;
  std::uint64_t corrupt_regions = 0;  // runs of bytes that are no record
  std::uint64_t corrupt_bytes = 0;
};

class SpoolReader {
 public:
  explicit SpoolReader(std::filesystem::path directory);
  ~SpoolReader();
  SpoolReader(const SpoolReader&) = delete;
  SpoolReader& operator=(const SpoolReader&) = delete;

  // Continues at `position`; if that segment is gone, at the beginning of the next one there is.
  void seek(SpoolPosition position);

  // The records between the current position and `end`, until about `limit_bytes` of them (at
  // least one record). Views are valid until the next call. Empty at the end. kIo if a segment can't be read.
  Result<std::vector<SpoolFrame>> read(SpoolPosition end, std::size_t limit_bytes);

  // Just behind the last record that read() returned.
  [[nodiscard]] SpoolPosition position() const;
  [[nodiscard]] const SpoolReaderStats& stats() const;

 private:
  enum class Step { kData, kEnd };
  Result<Step> find_data(SpoolPosition end);
  Result<> load(std::size_t bytes);
  std::size_t parse(std::vector<SpoolFrame>& frames) const;
  Result<> skip_damage();
  void close_file();
  void count_corrupt(std::uint64_t bytes);

  std::filesystem::path directory_;
  SpoolPosition position_;
  std::string buffer_;  // bytes from position_ on
  int file_ = -1;
  std::uint64_t open_segment_ = 0;
  std::uint64_t readable_ = 0;  // bytes of the open segment that may be read
  std::uint32_t salt_ = 0;
  SpoolReaderStats stats_;
};

}  // namespace slipway::telemetry
