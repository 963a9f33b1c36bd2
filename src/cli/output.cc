// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "base/text.h"

namespace slipway::cli {
namespace {

std::string_view escape_of(Color color) {
  switch (color) {
    case Color::kNone: return "";
    case Color::kRed: return "\x1b[31m";
    case Color::kGreen: return "\x1b[32m";
    case Color::kYellow: return "\x1b[33m";
    case Color::kDim: return "\x1b[2m";
    case Color::kBold: return "\x1b[1m";
  }
  return "";
}

// Code points, which is what most terminals give one column each.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Boost.JSON writes 1.804 as 1.804E0, which is right and hard to read. `indent` below 0: all on one line.
void write_json(std::ostream& out, const boost::json::value& value, int indent) {
  const bool pretty = indent >= 0;
  const std::string margin =
      pretty ? "\n" + std::string(static_cast<std::size_t>(indent), ' ') : std::string();
  const std::string inner = pretty ? margin + "  " : std::string();
  const int deeper = pretty ? indent + 2 : indent;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    const char* separator = "{";
    for (const auto& [key, member] : *object) {
      out << separator << inner << boost::json::serialize(key) << (pretty ? ": " : ":");
      write_json(out, member, deeper);
      separator = ",";
    }
    out << margin << '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    const char* separator = "[";
    for (const auto& item : *array) {
      out << separator << inner;
      write_json(out, item, deeper);
      separator = ",";
    }
    out << margin << ']';
  } else if (const auto* number = value.if_double(); number != nullptr && std::isfinite(*number)) {
    out << fmt::format("{}", *number);
  } else {
    out << boost::json::serialize(value);
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out = to_valid_utf8(text);
  for (char& c : out) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  // C1 control characters are two bytes in UTF-8; some terminals obey them.
  for (std::size_t at = out.find('\xc2'); at != std::string::npos; at = out.find('\xc2', at + 1))
    if (at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xa0) out.replace(at, 2, "?");
  return out;
}

std::string Output::paint(std::string_view text, Color color) const {
  if (!color_ || color == Color::kNone || text.empty()) return std::string(text);
  return std::string(escape_of(color)) + std::string(text) + "\x1b[0m";
}

void Output::table(const std::vector<std::string>& head, const std::vector<std::vector<Cell>>& rows) const {
  std::vector<std::vector<Cell>> clean;
  std::vector<std::size_t> widths;
  for (const std::string& title : head) widths.push_back(width_of(title));
  for (const auto& row : rows) {
    auto& cells = clean.emplace_back();
    for (std::size_t i = 0; i < row.size() && i < head.size(); ++i) {
      cells.push_back(row[i]);
      cells.back().text = printable(row[i].text);
      widths[i] = std::max(widths[i], width_of(cells.back().text));
    }
  }
  const auto print = [&](const std::vector<Cell>& cells) {
    std::string text;
    std::size_t count = cells.size();
    while (count > 0 && cells[count - 1].text.empty()) --count;  // no blanks at the end of a line
    for (std::size_t i = 0; i < count; ++i) {
      const Cell& cell = cells[i];
      const std::string padding(widths[i] - width_of(cell.text), ' ');
      const bool last = i + 1 == count;
      if (cell.right) text += padding;
      text += paint(cell.text, cell.color);
      if (!cell.right && !last) text += padding;
      if (!last) text += "  ";
    }
    out_ << text << '\n';
  };
  std::vector<Cell> titles;
  for (std::size_t i = 0; i < head.size(); ++i) {
    const bool right = !clean.empty() && i < clean.front().size() && clean.front()[i].right;
    titles.emplace_back(head[i], Color::kBold, right);
  }
  print(titles);
  for (const auto& cells : clean) print(cells);
}

void Output::line(std::string_view text) const { out_ << text << '\n'; }
void Output::note(std::string_view text) const { err_ << text << '\n'; }

void Output::print_json(const boost::json::value& value, bool pretty) const {
  write_json(out_, value, pretty ? 0 : -1);
  out_ << '\n';
}

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict: return kExitUsage;
    default: return kExitUnreachable;
  }
}

int Output::fail(const Error& error) const {
  if (json_) {
    const boost::json::value value = {{"error",
                                       {{"code", to_string(error.code)},
                                        {"message", error.message},
                                        {"where", error.where},
                                        {"hint", error.hint}}}};
    err_ << boost::json::serialize(value) << '\n';
  } else {
    err_ << paint("slipway: ", Color::kRed) << printable(error.describe()) << '\n';
  }
  return exit_code_of(error.code);
}

// A value inside a table: "input 10, output 47" instead of braces; what is unknown is left out.
std::string words_of(const boost::json::value& value) {
  if (const auto* text = value.if_string()) return {text->data(), text->size()};
  if (const auto* number = value.if_double()) return fmt::format("{}", *number);
  std::string out;
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object)
      if (!member.is_null()) out += (out.empty() ? "" : ", ") + std::string(key) + " " + words_of(member);
    return out;
  }
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array) out += (out.empty() ? "" : "; ") + words_of(item);
    return out;
  }
  return boost::json::serialize(value);
}

std::string text_of(const boost::json::object& object, std::string_view field, std::string_view fallback) {
  const boost::json::value* value = object.if_contains(field);
  if (value == nullptr || value->is_null()) return std::string(fallback);
  if (const auto* text = value->if_string()) return {text->data(), text->size()};
  return words_of(*value);
}

std::string short_time(std::string_view rfc3339) {
  if (rfc3339.size() < 19) return std::string(rfc3339);
  std::string text(rfc3339.substr(0, 19));
  if (text[10] == 'T') text[10] = ' ';
  return text;
}

std::string short_duration(const boost::json::value& milliseconds) {
  if (!milliseconds.is_number()) return "-";
  const double ms = milliseconds.to_number<double>();
  if (ms < 10) return fmt::format("{:.1f} ms", ms);
  if (ms < 10'000) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.1f} s", ms / 1000);
}

}  // namespace slipway::cli
