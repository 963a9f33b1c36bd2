// SPDX-License-Identifier: Apache-2.0
// What server and client share: headers as views into the connection's buffer, nothing copied.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::net {

struct Header {
  std::string_view name;
  std::string_view value;
};

// Header fields of one message in order of arrival. Views point into the message's buffer and die with it.
class HeaderView {
 public:
  void add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }
  void clear() { fields_.clear(); }
  // The first field of that name (case-insensitive); empty if absent.
  [[nodiscard]] std::string_view find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const;
  [[nodiscard]] std::span<const Header> all() const { return fields_; }
  // Moves every view from the buffer at `from` to its copy at `to`. Both must be alive.
  void rebase(const char* from, const char* to);

 private:
  std::vector<Header> fields_;
};

// Header names are compared without regard to ASCII case.
bool same_name(std::string_view a, std::string_view b);

// True if a header's name or value would end its line: it holds CR, LF or NUL.
bool breaks_lines(std::string_view text);

// "OK", "Not Found", …; "Unknown" for what RFC 9110 does not name.
std::string_view reason_phrase(int status);

}  // namespace slipway::net
