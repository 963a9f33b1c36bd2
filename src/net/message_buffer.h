// SPDX-License-Identifier: Apache-2.0
// The bytes of one incoming message: raw storage that is not zeroed, and the header views into it. Reused.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "net/http.h"

namespace slipway::net {

// Bytes [begin, end) are filled, [end, capacity) are free. Views into it stay valid until grow() or
// compact().
class MessageBuffer {
 public:
  std::size_t begin = 0;
  std::size_t end = 0;
  HeaderView headers;

  [[nodiscard]] char* data() { return bytes_.get(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t room() const { return capacity_ - end; }
  [[nodiscard]] bool empty() const { return begin == end; }
  [[nodiscard]] std::string_view filled() const { return {bytes_.get() + begin, end - begin}; }

  // Makes the capacity at least `wanted`. `moved(old_base, new_base)` is called while both copies exist.
  template <class Moved>
  void grow(std::size_t wanted, Moved moved) {
    if (wanted <= capacity_) return;
    Bytes fresh(static_cast<char*>(std::malloc(wanted)));
    if (fresh == nullptr) throw std::bad_alloc();
    if (end > 0) std::memcpy(fresh.get(), bytes_.get(), end);
    moved(static_cast<const char*>(bytes_.get()), static_cast<const char*>(fresh.get()));
    bytes_ = std::move(fresh);
    capacity_ = wanted;
  }
  void grow(std::size_t wanted) {
    grow(wanted, [](const char*, const char*) {});
  }
  // Moves what is filled to the front. Ends all views.
  void compact() {
    if (begin == 0) return;
    if (end > begin) std::memmove(bytes_.get(), bytes_.get() + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  // Empties it; gives storage beyond `keep` bytes back.
  void reset(std::size_t keep) {
    begin = end = 0;
    headers.clear();
    if (capacity_ > keep) {
      bytes_.reset();
      capacity_ = 0;
    }
  }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  using Bytes = std::unique_ptr<char, Free>;
  Bytes bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace slipway::net
