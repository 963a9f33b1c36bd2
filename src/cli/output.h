// SPDX-License-Identifier: Apache-2.0
// Tables for people, JSON for programs.
#pragma once

#include <boost/json.hpp>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/cli.h"

namespace slipway::cli {

enum class Color : std::uint8_t { kNone, kRed, kGreen, kYellow, kDim, kBold };

struct Cell {
  std::string text;
  Color color = Color::kNone;
  bool right = false;  // numbers

  Cell(std::string t) : text(std::move(t)) {}  // NOLINT(google-explicit-constructor)
  Cell(const char* t) : text(t) {}             // NOLINT(google-explicit-constructor)
  Cell(std::string t, Color c, bool r = false) : text(std::move(t)), color(c), right(r) {}
  static Cell number(std::string text) { return {std::move(text), Color::kNone, true}; }
};

class Output {
 public:
  Output(const Surroundings& surroundings, bool json)
      : out_(surroundings.out), err_(surroundings.err), color_(surroundings.color), json_(json) {}

  [[nodiscard]] bool json() const { return json_; }
  [[nodiscard]] std::ostream& out() const { return out_; }
  [[nodiscard]] std::ostream& err() const { return err_; }

  // Columns as wide as their widest cell, the last one unpadded. Control characters are shown as '?', so that
  // nothing a server sends can move the cursor.
  void table(const std::vector<std::string>& head, const std::vector<std::vector<Cell>>& rows) const;
  void line(std::string_view text) const;
  void note(std::string_view text) const;  // to standard error, not part of the result
  // Indented for people's eyes with `pretty`, else on one line.
  void print_json(const boost::json::value& value, bool pretty = true) const;
  // On standard error, as {"error": {...}} with --json. Gives the exit code that belongs to it.
  int fail(const Error& error) const;
  [[nodiscard]] std::string paint(std::string_view text, Color color) const;

 private:
  std::ostream& out_;
  std::ostream& err_;
  bool color_;
  bool json_;
};

int exit_code_of(ErrorCode code);

// Without control characters; line breaks become spaces.
std::string printable(std::string_view text);
// A field of a JSON object as text; `fallback` for null and what is missing.
std::string text_of(const boost::json::object& object, std::string_view field,
                    std::string_view fallback = "");
// Any JSON value as a person would say it: "input 10, output 47".
std::string words_of(const boost::json::value& value);
// "2026-11-23 14:03:40" from RFC 3339.
std::string short_time(std::string_view rfc3339);
// Milliseconds: "0.8 ms", "123 ms", "4.2 s"; "-" for null.
std::string short_duration(const boost::json::value& milliseconds);

}  // namespace slipway::cli
