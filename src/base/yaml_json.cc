// SPDX-License-Identifier: Apache-2.0
#include "base/yaml_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace slipway {

namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kPlainLimit = 100;  // characters of a line that hold no reader up

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

// [-+]? (\.[0-9]+ | [0-9]+ (\.[0-9]*)?) ([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view exponent = text.substr(e + 1);
    if (!exponent.empty() && (exponent.front() == '-' || exponent.front() == '+')) exponent.remove_prefix(1);
    if (!all_digits(exponent)) return false;
    text = text.substr(0, e);
  }
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return all_digits(text);
  const std::string_view whole = text.substr(0, point);
  const std::string_view rest = text.substr(point + 1);
  return whole.empty() ? all_digits(rest) : all_digits(whole) && (rest.empty() || all_digits(rest));
}

std::optional<json::value> integer_of(std::string_view text, int base) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return json::value(number);
}

std::optional<json::value> number_of(std::string_view text) {
  if (text.starts_with("0x")) return integer_of(text.substr(2), 16);
  if (text.starts_with("0o")) return integer_of(text.substr(2), 8);
  if (!looks_like_float(text)) return std::nullopt;
  std::string_view digits = text;
  if (digits.front() == '+') digits.remove_prefix(1);
  if (all_digits(digits.front() == '-' ? digits.substr(1) : digits))
    if (auto whole = integer_of(digits, 10)) return whole;
  // std::from_chars wants a digit before and after the point.
  std::string spelt(digits);
  const std::size_t sign = spelt.front() == '-' ? 1 : 0;
  if (spelt[sign] == '.') spelt.insert(sign, "0");
  double number = 0;
  const auto [end, error] = std::from_chars(spelt.data(), spelt.data() + spelt.size(), number);
  if (end != spelt.data() + spelt.size() || error != std::errc{} || !std::isfinite(number))
    return std::nullopt;
  return json::value(number);
}

// What an unquoted scalar stands for.
json::value resolve(std::string_view text) {
  for (const std::string_view word : {"", "~", "null", "Null", "NULL"})
    if (text == word) return nullptr;
  for (const std::string_view word : {"true", "True", "TRUE"})
    if (text == word) return true;
  for (const std::string_view word : {"false", "False", "FALSE"})
    if (text == word) return false;
  if (auto number = number_of(text)) return *number;
  return json::string(text);
}

// Line ends of YAML 1.1 and the byte order mark, in UTF-8.
bool has_odd_characters(std::string_view text) {
  for (const std::string_view odd : {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf"})
    if (text.find(odd) != std::string_view::npos) return true;
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
  });
}

// Words and numbers of YAML 1.1 that 1.2 takes for text.
bool misread_by_old_readers(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kWords = {"yes", "no", "on", "off", "y", "n", "<<", "="};
  const std::string lower = to_lower(text);
  if (std::ranges::find(kWords, lower) != kWords.end()) return true;
  const char first = text.front();
  return (is_digit(first) || first == '+' || first == '.') &&
         text.find_first_not_of("0123456789abcdefABCDEFxXoOnNTtZz_:.+- ") == std::string_view::npos;
}

bool is_plain(std::string_view text) {
  static constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@` ";
  if (text.empty() || text.size() > kPlainLimit || kIndicators.find(text.front()) != std::string_view::npos)
    return false;
  if (text.back() == ' ' || text.back() == ':' || text.find_first_of("\n\t") != std::string_view::npos)
    return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) return false;
  return !has_odd_characters(text) && !misread_by_old_readers(text) && resolve(text).is_string();
}

// Whether a literal block gives exactly this text back.
bool is_literal(std::string_view text) {
  const std::size_t lines_end = text.ends_with('\n') ? text.size() - 1 : text.size();
  const std::string_view body = text.substr(0, lines_end);
  if (body.empty() || has_odd_characters(text) || text.find('\n') == std::string_view::npos) return false;
  if (body.front() == ' ' || body.front() == '\t' || body.front() == '\n' || body.back() == '\n')
    return false;
  return std::ranges::none_of(split(body, '\n'), [](std::string_view line) {
    return !line.empty() && (line.front() == '\t' || trim(line).empty());
  });
}

void append_quoted(std::string& out, std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  // JSON leaves these as they are; YAML 1.1 would read some as line ends.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kEscapes = {{
      {"\xc2\x85", "\\u0085"},
      {"\xe2\x80\xa8", "\\u2028"},
      {"\xe2\x80\xa9", "\\u2029"},
      {"\xef\xbb\xbf", "\\ufeff"},
      {"\x7f", "\\u007f"},
  }};
  for (const auto& [odd, escape] : kEscapes)
    for (std::size_t at = quoted.find(odd); at != std::string::npos; at = quoted.find(odd, at))
      quoted.replace(at, odd.size(), escape);
  out += quoted;
}

void append_key(std::string& out, std::string_view key) {
  if (is_plain(key))
    out += key;
  else
    append_quoted(out, key);
}

void append_text(std::string& out, std::string_view text, std::size_t indent) {
  if (is_plain(text)) {
    out += text;
  } else if (is_literal(text)) {
    out += text.ends_with('\n') ? "|" : "|-";
    const std::string_view body = text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
    for (const std::string_view line : split(body, '\n')) {
      out += '\n';
      if (!line.empty()) out.append(indent, ' ').append(line);
    }
  } else {
    append_quoted(out, text);
  }
}

// A number of YAML 1.1 has a point where it has an exponent.
std::string number_for_yaml(const json::value& value) {
  std::string text = number_text(value.to_number<double>());
  const std::size_t e = text.find('e');
  if (e != std::string::npos && text.find('.') == std::string::npos) text.insert(e, ".0");
  return text;
}

void append_block(std::string& out, const json::value& value, std::size_t indent);

// What stands behind "key:" or "-": on the same line, or as a block on the next ones.
void append_member(std::string& out, const json::value& value, std::size_t indent) {
  const bool block =
      (value.is_object() && !value.get_object().empty()) || (value.is_array() && !value.get_array().empty());
  if (block) {
    out += '\n';
    out.append(indent, ' ');
    append_block(out, value, indent);
    return;
  }
  out += ' ';
  append_block(out, value, indent);
}

void append_object(std::string& out, const json::object& object, std::size_t indent) {
  bool first = true;
  for (const json::key_value_pair& member : object) {
    if (!first) {
      out += '\n';
      out.append(indent, ' ');
    }
    first = false;
    append_key(out, member.key());
    out += ':';
    append_member(out, member.value(), indent + kIndent);
  }
}

void append_array(std::string& out, const json::array& array, std::size_t indent) {
  bool first = true;
  for (const json::value& item : array) {
    if (!first) {
      out += '\n';
      out.append(indent, ' ');
    }
    first = false;
    out += "- ";
    append_block(out, item, indent + kIndent);
  }
}

// Writes `value`, whose first line has begun and whose further lines begin with `indent` spaces.
void append_block(std::string& out, const json::value& value, std::size_t indent) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; break;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: out += number_for_yaml(value); break;
    case json::kind::string: append_text(out, value.get_string(), indent); break;
    case json::kind::object:
      if (value.get_object().empty())
        out += "{}";
      else
        append_object(out, value.get_object(), indent);
      break;
    case json::kind::array:
      if (value.get_array().empty())
        out += "[]";
      else
        append_array(out, value.get_array(), indent);
      break;
  }
}

}  // namespace

json::value yaml_to_json(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull: return nullptr;
    case YamlNode::Kind::kScalar: return node.quoted ? json::value(node.scalar) : resolve(node.scalar);
    case YamlNode::Kind::kList: {
      json::array array;
      array.reserve(node.items.size());
      for (const YamlNode& item : node.items) array.push_back(yaml_to_json(item));
      return array;
    }
    case YamlNode::Kind::kMap: {
      json::object object;
      object.reserve(node.members.size());
      for (const YamlNode::Member& member : node.members)
        object.emplace(member.key, yaml_to_json(member.value));
      return object;
    }
  }
  return nullptr;
}

std::string json_to_yaml(const json::value& value) {
  std::string out;
  // A literal block on the outermost level needs an indentation, too.
  append_block(out, value, value.is_string() ? kIndent : 0);
  return out + "\n";
}

}  // namespace slipway
