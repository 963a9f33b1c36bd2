// SPDX-License-Identifier: Apache-2.0
#include "evaluation/near_duplicates.h"

#include <algorithm>

#include "catalog/case.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kGroupWords = 3;
constexpr std::size_t kCandidates = 200;  // looked at in one band

// SplitMix64: a good mixer of one number into another.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1'099'511'628'211U;
  }
  return hash;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::string normalized(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (is_word(c))
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

NearDuplicates::Signature NearDuplicates::sign(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  Signature signature;
  signature.fill(~0U);
  const std::size_t groups = words.size() <= kGroupWords ? 1 : words.size() - kGroupWords + 1;
  for (std::size_t i = 0; i < groups; ++i) {
    std::uint64_t hash = 0;
    for (std::size_t j = i; j < std::min(i + kGroupWords, words.size()); ++j)
      hash = mix(hash ^ hash_text(words[j]));
    for (std::size_t k = 0; k < kHashes; ++k)
      signature[k] = std::min(signature[k], static_cast<std::uint32_t>(mix(hash + k * 0x9e3779b97f4a7c15U)));
  }
  return signature;
}

bool NearDuplicates::is_repeated(std::string_view text) {
  const Signature signature = sign(normalized(text));
  std::array<std::uint64_t, kHashes / kBandRows> keys{};
  for (std::size_t band = 0; band < keys.size(); ++band) {
    std::uint64_t key = band;
    for (std::size_t row = 0; row < kBandRows; ++row) key = mix(key ^ signature[band * kBandRows + row]);
    keys[band] = key;
    const auto found = bands_.find(key);
    if (found == bands_.end()) continue;
    for (const std::uint32_t other : found->second) {
      std::size_t same = 0;
      for (std::size_t k = 0; k < kHashes; ++k) same += signature[k] == signatures_[other][k] ? 1 : 0;
      if (static_cast<double>(same) / kHashes >= similarity_) return true;
    }
  }
  const auto number = static_cast<std::uint32_t>(signatures_.size());
  signatures_.push_back(signature);
  for (const std::uint64_t key : keys)
    if (auto& list = bands_[key]; list.size() < kCandidates) list.push_back(number);
  return false;
}

bool ExactDuplicates::is_repeated(std::string_view text) {
  return !seen_.insert(catalog::id_hash(normalized(text))).second;
}

}  // namespace slipway::evaluation
