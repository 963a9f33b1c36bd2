// SPDX-License-Identifier: Apache-2.0
// Server-sent events from pieces of text, for the command line's tail.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace slipway::cli {

// Calls back for each event that has data; the name is "message" where the stream gives none. Lines end in LF
// or CRLF. An event that grows past 4 MiB is dropped.
class EventLines {
 public:
  using OnEvent = std::function<void(std::string_view event, std::string_view data)>;
  explicit EventLines(OnEvent on_event) : on_event_(std::move(on_event)) {}
  void feed(std::string_view piece);

 private:
  void take_line(std::string_view line);
  OnEvent on_event_;
  std::string line_;
  std::string event_;
  std::string data_;
  bool has_data_ = false;
};

}  // namespace slipway::cli
