// SPDX-License-Identifier: Apache-2.0
// Writes JSON text straight into a string, and takes finished JSON text as it is: a tool call's arguments
// pass through us byte for byte. Numbers keep their kind (1.0 stays 1.0), which a general serializer does not
// promise.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace slipway::llm {

// Appends to a caller-owned string. Commas are put by the writer; nesting is the caller's business.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_ += ':';
    need_comma_ = false;
  }
  void string(std::string_view text) {
    comma();
    append_json_string(out_, text);
    need_comma_ = true;
  }
  void integer(std::int64_t number);
  void real(double number);
  void real(float number);  // shortest text that reads back as the same float
  void boolean(bool flag) { raw(flag ? "true" : "false"); }
  void null() { raw("null"); }
  // `text` must be one JSON value.
  void raw(std::string_view text) {
    comma();
    out_ += text;
    need_comma_ = true;
  }
  void value(const json::value& value);
  void object(const json::object& object);

  void member(std::string_view name, std::string_view text) {
    key(name);
    string(text);
  }
  void member(std::string_view name, const char* text) { member(name, std::string_view(text)); }
  void member(std::string_view name, const std::string& text) { member(name, std::string_view(text)); }
  void member(std::string_view name, std::same_as<bool> auto flag) {
    key(name);
    boolean(flag);
  }
  void member(std::string_view name, std::same_as<double> auto number) {
    key(name);
    real(number);
  }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void member(std::string_view name, T number) {
    key(name);
    integer(static_cast<std::int64_t>(number));
  }
  void member(std::string_view name, const json::value& v) {
    key(name);
    value(v);
  }
  void member(std::string_view name, const json::object& v) {
    key(name);
    object(v);
  }
  void raw_member(std::string_view name, std::string_view text) {
    key(name);
    raw(text);
  }
  template <class T>
  void optional_member(std::string_view name, const std::optional<T>& v) {
    if (v) member(name, *v);
  }
  void nonempty_member(std::string_view name, std::string_view text) {
    if (!text.empty()) member(name, text);
  }
  // Each field of `object` as a member of the object being written.
  void members_of(const json::object& object);

 private:
  void comma() {
    if (need_comma_) out_ += ',';
  }
  void open(char bracket) {
    comma();
    out_ += bracket;
    need_comma_ = false;
  }
  void close(char bracket) {
    out_ += bracket;
    need_comma_ = true;
  }
  std::string& out_;
  bool need_comma_ = false;
};

std::string to_json_text(const json::value& value);

}  // namespace slipway::llm
