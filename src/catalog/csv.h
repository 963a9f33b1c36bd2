// SPDX-License-Identifier: Apache-2.0
// CSV by RFC 4180, record by record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/line_source.h"

namespace slipway::catalog {

class CsvReader {
 public:
  CsvReader(LineSource& source, char separator, std::size_t record_bytes)
      : source_(source), separator_(separator), record_bytes_(record_bytes) {}

  // Fields of the next record; lines without any are skipped. Nothing at the end. kInvalidArgument for what
  // is no CSV: `where` is the line.
  Result<std::optional<std::vector<std::string>>> record();
  // Line at which the last record began.
  [[nodiscard]] std::uint64_t line() const { return line_; }

 private:
  enum class At : std::uint8_t { kBegin, kPlain, kQuoted, kQuote };
  Result<bool> take(char c);  // true: the record is complete
  void end_field();
  LineSource& source_;
  char separator_;
  std::size_t record_bytes_;
  std::vector<std::string> fields_;
  std::string field_;
  std::size_t bytes_ = 0;
  At at_ = At::kBegin;
  bool after_return_ = false;  // a CR outside of quotes: a LF follows, or the line ended with it
  std::uint64_t next_line_ = 1;
  std::uint64_t line_ = 1;
};

// The separator of a header line: of comma, semicolon and tab the one that is there most, outside of quotes.
char csv_separator(std::string_view header);

// Appends a field; with quotes where it needs them. What a spreadsheet would take for a formula gets a "'" in
// front, which reading takes away again.
void append_csv_field(std::string& out, std::string_view text);
std::string csv_field(std::string text);

}  // namespace slipway::catalog
