// SPDX-License-Identifier: Apache-2.0
// Numbers that follow from a seed on every machine: SplitMix64 (Steele, Lea, Flood 2014). For resampling; not
// for secrets.
#pragma once

#include <cstdint>

namespace slipway::evaluation {

class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }
  // 0 <= result < bound. Lemire's multiplication without the rejection: for bounds under 2^32 the bias is
  // below 2^-32.
  std::uint64_t below(std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }
  // 0 <= result < 1.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace slipway::evaluation
