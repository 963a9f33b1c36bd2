// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "llm/simulated.h"
#include "llm/simulated_reply.h"

namespace slipway::llm {

namespace {

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z');
}

}  // namespace

std::vector<float> simulated_embedding(std::string_view text, std::size_t dimensions, std::uint64_t seed) {
  std::vector<double> sums(dimensions == 0 ? 1 : dimensions, 0.0);
  const auto add = [&](std::string_view feature, std::uint64_t kind, double weight) {
    const std::uint64_t hash = simulated_hash(feature, seed ^ simulated_mix(kind));
    sums[(hash >> 1) % sums.size()] += (hash & 1) != 0 ? weight : -weight;
  };
  std::string word = "^";
  std::string previous;
  const auto end_word = [&] {
    if (word.size() == 1) return;
    const std::string_view bare = std::string_view(word).substr(1);
    // Short words are mostly grammar and say little about what a text is about.
    const double weight = bare.size() <= 3 ? 0.15 : 1.0;
    add(bare, 1, weight);
    // Inflections mostly share their first letters.
    if (bare.size() > 3) add(bare.substr(0, 5), 4, 0.8);
    if (!previous.empty()) add(previous + " " + std::string(bare), 2, 0.3);
    previous = bare;
    word += '$';
    for (std::size_t i = 0; i + 3 <= word.size(); ++i)
      add(std::string_view(word).substr(i, 3), 3, 0.35 * weight);
    word = "^";
  };
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (is_word_byte(lower))
      word += lower;
    else
      end_word();
  }
  end_word();

  double square = 0;
  for (const double sum : sums) square += sum * sum;
  if (square == 0) {
    sums[seed % sums.size()] = 1;
    square = 1;
  }
  std::vector<float> vector(sums.size());
  const double length = std::sqrt(square);
  for (std::size_t i = 0; i < sums.size(); ++i) vector[i] = static_cast<float>(sums[i] / length);
  return vector;
}

}  // namespace slipway::llm
