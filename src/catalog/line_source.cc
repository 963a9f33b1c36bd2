// SPDX-License-Identifier: Apache-2.0
#include "catalog/line_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::catalog {

namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

}  // namespace

std::string line_text(std::uint64_t number) { return fmt::format("line {}", number); }

Result<bool> LineSource::more() {
  if (ended_) return false;
  if (at_ != 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  SLIPWAY_ASSIGN(const std::string_view piece, source_());
  ended_ = piece.empty();
  buffer_ += piece;
  if (!begun_ && (buffer_.size() >= kUtf8Mark.size() || ended_)) {
    begun_ = true;
    if (buffer_.starts_with(kUtf8Mark)) buffer_.erase(0, kUtf8Mark.size());
    if (buffer_.starts_with("\xff\xfe") || buffer_.starts_with("\xfe\xff"))
      return fail(ErrorCode::kInvalidArgument, "the file is written in UTF-16", line_text(1),
                  "Save it as UTF-8.");
    if (buffer_.starts_with("PK\x03\x04") || buffer_.starts_with("\x1f\x8b"))
      return fail(ErrorCode::kInvalidArgument, "the file is compressed, or a spreadsheet", line_text(1),
                  "Unpack it, or save the sheet as CSV.");
  }
  return !ended_;
}

Result<std::string_view> LineSource::peek(std::size_t bytes) {
  while (!ended_ && (buffer_.size() - at_ < bytes || !begun_)) SLIPWAY_TRY(more());
  return std::string_view(buffer_).substr(at_, bytes);
}

Result<std::optional<std::string_view>> LineSource::line() {
  std::size_t searched = at_;
  while (true) {
    const std::size_t end = buffer_.find('\n', searched);
    if (begun_ && end != std::string::npos) {
      std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
      at_ = end + 1;
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      return std::optional(line);
    }
    const std::size_t have = buffer_.size() - at_;
    if (have > line_bytes_)
      return fail(ErrorCode::kInvalidArgument, fmt::format("has more than {} bytes", line_bytes_),
                  line_text(number_ + 1),
                  "One case is one line; raise the setting datasets.case_size for larger ones.");
    if (ended_) {
      if (have == 0) return std::optional<std::string_view>();
      std::string_view line = std::string_view(buffer_).substr(at_);
      at_ = buffer_.size();
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      return std::optional(line);
    }
    const bool skipped = begun_;
    SLIPWAY_TRY(more());
    // What was there before holds no line end, unless a mark was taken away from its beginning.
    searched = skipped ? at_ + have : at_;
  }
}

Result<std::string> LineSource::rest(std::size_t limit_bytes) {
  while (!ended_) {
    if (buffer_.size() - at_ > limit_bytes)
      return fail(
          ErrorCode::kInvalidArgument, fmt::format("the document has more than {} bytes", limit_bytes), {},
          "Documents are read as a whole; write one case a line (JSONL) for large files, for instance "
          "with jq -c '.[]', or raise the setting datasets.document_size.");
    SLIPWAY_TRY(more());
  }
  std::string text = buffer_.substr(at_);
  if (text.size() > limit_bytes)
    return fail(
        ErrorCode::kInvalidArgument, fmt::format("the document has more than {} bytes", limit_bytes), {},
        "Write one case a line (JSONL) for large files, or raise the setting datasets.document_size.");
  at_ = buffer_.size();
  return text;
}

Result<std::string_view> LineSource::bytes() {
  while (!ended_ && (at_ == buffer_.size() || !begun_)) SLIPWAY_TRY(more());
  return std::string_view(buffer_).substr(at_);
}

}  // namespace slipway::catalog
