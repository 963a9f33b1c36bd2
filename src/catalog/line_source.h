// SPDX-License-Identifier: Apache-2.0
// Lines of a file that comes in pieces. Used by the case readers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/case_reader.h"

namespace slipway::catalog {

class LineSource {
 public:
  LineSource(ByteSource source, std::size_t line_bytes)
      : source_(std::move(source)), line_bytes_(line_bytes) {}

  // Reads ahead; what is there, at most about `bytes`. Skips a UTF-8 mark; refuses other encodings.
  Result<std::string_view> peek(std::size_t bytes);
  // Without its end; valid until the next call. Nothing at the end of the file.
  Result<std::optional<std::string_view>> line();
  // Everything that is left. kInvalidArgument beyond `limit_bytes`.
  Result<std::string> rest(std::size_t limit_bytes);
  // Bytes as they come, for readers whose records span lines: the unread part, at least one byte unless the
  // file ends.
  Result<std::string_view> bytes();
  void consume(std::size_t bytes) { at_ += bytes; }
  // Number of the line that line() gave last.
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  Result<bool> more();
  ByteSource source_;
  std::size_t line_bytes_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t number_ = 0;
  bool begun_ = false;
  bool ended_ = false;
};

std::string line_text(std::uint64_t number);  // "line 12"

}  // namespace slipway::catalog
