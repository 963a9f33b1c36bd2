// SPDX-License-Identifier: Apache-2.0
// Words of bodies: what is searchable in a JSON or event-stream body, bloom filters of words, and matching.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::telemetry {

// Appends the searchable form of a body: JSON escapes resolved, case folded (ASCII, Latin-1, Greek,
// Cyrillic), every run of white space one space. In an event stream the pieces of text are joined first, so
// that words cut by the streaming are whole.
void append_searchable(std::string& out, std::string_view body);
std::string searchable(std::string_view body);

// Words are runs of ASCII letters, digits and non-ASCII characters; ideographs and kana are words of their
// own. Stable for ever: the hashes are stored.
std::uint64_t word_hash(std::string_view folded_word);
// Calls visit(std::string_view word) for each word of folded text.
template <class Visit>
void visit_words(std::string_view folded, Visit visit);

// A set of word hashes while a block is being filled.
class WordSet {
 public:
  WordSet() : slots_(1024) {}
  void add(std::uint64_t hash);
  void add_words(std::string_view folded);
  void clear();
  [[nodiscard]] std::size_t size() const { return count_; }
  // A bloom filter with ten bits a word: about one false alarm in a hundred.
  [[nodiscard]] std::string bloom() const;

 private:
  void grow();
  std::vector<std::uint64_t> slots_;
  std::size_t count_ = 0;
};

bool bloom_may_contain(std::string_view bloom, std::uint64_t hash);

// A search: words that must all occur, phrases that must occur literally between word boundaries.
class TextQuery {
 public:
  explicit TextQuery(std::string_view text);
  [[nodiscard]] bool empty() const { return terms_.empty(); }
  [[nodiscard]] std::size_t terms() const { return terms_.size(); }
  // Bit i is set if term i occurs in the folded text.
  [[nodiscard]] std::uint64_t match(std::string_view folded) const;
  [[nodiscard]] std::uint64_t all() const { return (1ull << terms_.size()) - 1; }
  // Whether a block with this filter may hold all terms that are not in `found` yet.
  [[nodiscard]] bool bloom_may_match(std::string_view bloom, std::uint64_t found) const;

 private:
  struct Term {
    std::string folded;
    std::vector<std::uint64_t> words;
  };
  std::vector<Term> terms_;  // at most 32
};

}  // namespace slipway::telemetry

#include "telemetry/text_index_impl.h"
