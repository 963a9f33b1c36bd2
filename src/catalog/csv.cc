// SPDX-License-Identifier: Apache-2.0
#include "catalog/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway::catalog {

namespace {

constexpr std::size_t kColumns = 1'000;
constexpr std::string_view kFormulaBegins = "=+-@\t\r";

}  // namespace

void CsvReader::end_field() {
  fields_.push_back(std::move(field_));
  field_.clear();
  at_ = At::kBegin;
}

Result<bool> CsvReader::take(char c) {
  if (++bytes_ > record_bytes_)
    return fail(ErrorCode::kInvalidArgument, fmt::format("the record has more than {} bytes", record_bytes_),
                line_text(line_), "Probably a quotation mark is not closed.");
  if (at_ == At::kQuoted) {
    if (c == '"')
      at_ = At::kQuote;
    else
      field_ += c;
    if (c == '\n') ++next_line_;
    return false;
  }
  if (c == '\n' || c == '\r') {
    after_return_ = c == '\r';
    ++next_line_;
    end_field();
    return true;
  }
  if (c == separator_) {
    end_field();
    if (fields_.size() >= kColumns)
      return fail(ErrorCode::kInvalidArgument, fmt::format("there are more than {} columns", kColumns),
                  line_text(line_));
    return false;
  }
  if (c == '"') {
    if (at_ == At::kPlain)
      return fail(ErrorCode::kInvalidArgument, "there is a quotation mark inside of a field without quotes",
                  line_text(next_line_), "Put the field in quotes and write each mark inside twice.");
    if (at_ == At::kQuote) field_ += '"';
    at_ = At::kQuoted;
    return false;
  }
  if (at_ == At::kQuote)
    return fail(ErrorCode::kInvalidArgument, "there is text behind a closing quotation mark",
                line_text(next_line_), "Write each quotation mark inside of a field twice.");
  at_ = At::kPlain;
  field_ += c;
  return false;
}

Result<std::optional<std::vector<std::string>>> CsvReader::record() {
  fields_.clear();
  bytes_ = 0;
  line_ = next_line_;
  while (true) {
    SLIPWAY_ASSIGN(const std::string_view bytes, source_.bytes());
    if (bytes.empty()) break;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (std::exchange(after_return_, false) && bytes[i] == '\n') continue;
      SLIPWAY_ASSIGN(const bool whole, take(bytes[i]));
      if (!whole) continue;
      if (fields_.size() == 1 && fields_[0].empty()) {  // an empty line
        fields_.clear();
        bytes_ = 0;
        line_ = next_line_;
        continue;
      }
      source_.consume(i + 1);
      return std::optional(std::move(fields_));
    }
    source_.consume(bytes.size());
  }
  if (at_ == At::kQuoted)
    return fail(ErrorCode::kInvalidArgument, "a quotation mark is not closed", line_text(line_),
                "Write each quotation mark inside of a field twice.");
  if (fields_.empty() && field_.empty() && at_ == At::kBegin)
    return std::optional<std::vector<std::string>>();
  end_field();
  return std::optional(std::move(fields_));
}

char csv_separator(std::string_view header) {
  std::array<std::pair<char, std::size_t>, 3> counts = {{{',', 0}, {';', 0}, {'\t', 0}}};
  bool quoted = false;
  for (const char c : header) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n') break;
    for (auto& [separator, count] : counts)
      if (c == separator) ++count;
  }
  return std::ranges::max_element(counts, {}, [](const auto& one) { return one.second; })->first;
}

void append_csv_field(std::string& out, std::string_view text) {
  const auto is_formula = [](std::string_view part) {
    return !part.empty() && kFormulaBegins.find(part[0]) != std::string_view::npos;
  };
  // One more "'" where there is one already, so that reading gives back what was written.
  const bool marked = is_formula(text) || text.starts_with('\'');
  if (!marked && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  if (marked) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string csv_field(std::string text) {
  if (text.size() > 1 && text[0] == '\'' &&
      (text[1] == '\'' || kFormulaBegins.find(text[1]) != std::string_view::npos))
    text.erase(0, 1);
  return text;
}

}  // namespace slipway::catalog
