// SPDX-License-Identifier: Apache-2.0
#include "telemetry/spool_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <limits>

#include "telemetry/spool_format.h"

namespace slipway::telemetry {

namespace spool_format {

std::filesystem::path segment_path(const std::filesystem::path& directory, std::uint64_t segment) {
  char name[32];
  std::snprintf(name, sizeof(name), "%016llx.spool", static_cast<unsigned long long>(segment));
  return directory / name;
}

std::vector<std::uint64_t> list_segments(const std::filesystem::path& directory) {
  std::vector<std::uint64_t> segments;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(directory, failure), last; !failure && entry != last;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    std::uint64_t segment = 0;
    if (name.size() != 22 || !name.ends_with(".spool")) continue;
    const auto [end, error] = std::from_chars(name.data(), name.data() + 16, segment, 16);
    if (error == std::errc{} && end == name.data() + 16) segments.push_back(segment);
  }
  std::sort(segments.begin(), segments.end());
  return segments;
}

}  // namespace spool_format

namespace {
// A region that looks like one damaged record after another could cost a checksum over the rest of the
// segment at every step; past this many bytes the rest of the segment is given up.
constexpr std::uint64_t kResyncBudgetBytes = 1ull << 30;
}  // namespace

SpoolReader::SpoolReader(std::filesystem::path directory) : directory_(std::move(directory)) {}
SpoolReader::~SpoolReader() { close_file(); }

void SpoolReader::close_file() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

void SpoolReader::seek(SpoolPosition position) {
  position_ = position;
  close_file();
}

SpoolPosition SpoolReader::position() const { return position_; }
const SpoolReaderStats& SpoolReader::stats() const { return stats_; }

void SpoolReader::count_corrupt(std::uint64_t bytes) {
  if (bytes == 0) return;
  ++stats_.corrupt_regions;
  stats_.corrupt_bytes += bytes;
}

// Leaves an open segment with readable bytes at position_, or says that there is none before `end`.
Result<SpoolReader::Step> SpoolReader::find_data(SpoolPosition end) {
  while (true) {
    if (position_ >= end) return Step::kEnd;
    if (file_ < 0) {
      const std::vector<std::uint64_t> segments = spool_format::list_segments(directory_);
      const auto next = std::lower_bound(segments.begin(), segments.end(), position_.segment);
      if (next == segments.end() || *next > end.segment) return Step::kEnd;
      if (*next != position_.segment) position_ = {*next, 0};
      const std::filesystem::path path = spool_format::segment_path(directory_, *next);
      file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (file_ < 0)
        return fail(ErrorCode::kIo, std::string("cannot open: ") + std::strerror(errno), path.string());
      open_segment_ = *next;
      char bytes[spool_format::kHeaderBytes];
      const ssize_t got = ::pread(file_, bytes, sizeof(bytes), 0);
      const auto header =
          spool_format::read_header({bytes, static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
      if (!header || header->segment != open_segment_) {
        struct stat info{};
        ::fstat(file_, &info);
        count_corrupt(static_cast<std::uint64_t>(info.st_size));
        close_file();
        position_ = {open_segment_ + 1, 0};
        continue;
      }
      salt_ = header->salt;
      position_.offset = std::max<std::uint64_t>(position_.offset, spool_format::kHeaderBytes);
    }
    struct stat info{};
    if (::fstat(file_, &info) != 0) return fail(ErrorCode::kIo, std::strerror(errno), directory_.string());
    readable_ = static_cast<std::uint64_t>(info.st_size);
    if (end.segment == open_segment_) readable_ = std::min(readable_, end.offset);
    if (position_.offset < readable_) return Step::kData;
    if (end.segment <= open_segment_) return Step::kEnd;
    close_file();
    position_ = {open_segment_ + 1, 0};
  }
}

Result<> SpoolReader::load(std::size_t bytes) {
  buffer_.resize(bytes);
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        ::pread(file_, buffer_.data() + done, bytes - done, static_cast<off_t>(position_.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(ErrorCode::kIo, std::string("cannot read: ") + std::strerror(errno), directory_.string());
    if (got == 0) break;  // shorter than it said: what is missing will look like damage
    done += static_cast<std::size_t>(got);
  }
  buffer_.resize(done);
  return {};
}

// Collects good frames from the buffer's start; gives the bytes they take.
std::size_t SpoolReader::parse(std::vector<SpoolFrame>& frames) const {
  std::string_view rest = buffer_;
  std::uint32_t length = 0;
  while (spool_format::check_frame(rest, salt_, length) == spool_format::FrameState::kGood) {
    const std::string_view frame = rest.substr(0, spool_format::kPrefixBytes + length);
    frames.push_back({static_cast<std::uint8_t>(frame[spool_format::kPrefixBytes]),
                      frame.substr(spool_format::kFrameBytes)});
    rest.remove_prefix(frame.size());
  }
  return buffer_.size() - rest.size();
}

// The bytes at position_ are no record: goes to the next good one of the segment, or to its readable end.
Result<> SpoolReader::skip_damage() {
  SLIPWAY_TRY(load(readable_ - position_.offset));
  const std::string_view bytes = buffer_;
  std::uint64_t checked = 0;
  std::size_t at = 1;
  while (checked < kResyncBudgetBytes) {
    const std::size_t marker = bytes.find(spool_format::kMarker, at + spool_format::kPrefixBytes + 1);
    if (marker == std::string_view::npos) break;
    at = marker - spool_format::kPrefixBytes - 1;
    std::uint32_t length = 0;
    const auto state = spool_format::check_frame(bytes.substr(at), salt_, length);
    if (state == spool_format::FrameState::kGood) {
      count_corrupt(at);
      position_.offset += at;
      return {};
    }
    if (state == spool_format::FrameState::kBad && length <= bytes.size() - at) checked += length;
    ++at;
  }
  count_corrupt(bytes.size());
  position_.offset = readable_;
  return {};
}

Result<std::vector<SpoolFrame>> SpoolReader::read(SpoolPosition end, std::size_t limit_bytes) {
  std::vector<SpoolFrame> frames;
  while (true) {
    SLIPWAY_ASSIGN(const Step step, find_data(end));
    if (step == Step::kEnd) return frames;
    const std::uint64_t left = readable_ - position_.offset;
    SLIPWAY_TRY(load(static_cast<std::size_t>(std::min<std::uint64_t>(left, limit_bytes))));
    std::size_t used = parse(frames);
    if (used == 0) {
      // Perhaps the first frame is larger than the limit.
      std::uint32_t length = 0;
      const auto state = spool_format::check_frame(buffer_, salt_, length);
      const std::uint64_t whole = std::max<std::uint64_t>(spool_format::kFrameBytes,
                                                          spool_format::kPrefixBytes + std::uint64_t{length});
      if (state == spool_format::FrameState::kShort && whole <= left && whole > buffer_.size()) {
        SLIPWAY_TRY(load(static_cast<std::size_t>(whole)));
        used = parse(frames);
      }
    }
    if (used == 0) {
      SLIPWAY_TRY(skip_damage());
      continue;
    }
    position_.offset += used;
    stats_.records += frames.size();
    return frames;
  }
}

}  // namespace slipway::telemetry
