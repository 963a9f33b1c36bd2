// SPDX-License-Identifier: Apache-2.0
#include "telemetry/text_index.h"

#include <algorithm>
#include <array>

namespace slipway::telemetry {

namespace {

constexpr int kBloomHashes = 6;
constexpr std::size_t kBloomBitsPerWord = 10;
constexpr std::size_t kMostTerms = 32;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads XXXX of \uXXXX; -1 if malformed.
int read_hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

std::uint32_t fold_point(std::uint32_t point) {
  if (point >= 0xc0 && point <= 0xde && point != 0xd7) return point + 0x20;
  if (point >= 0x391 && point <= 0x3a9 && point != 0x3a2) return point + 0x20;
  if (point >= 0x410 && point <= 0x42f) return point + 0x20;
  if (point >= 0x400 && point <= 0x40f) return point + 0x50;
  return point;
}

// Writes folded text behind what a string holds. Folding never makes a text longer, so there is always room.
class FoldWriter {
 public:
  FoldWriter(std::string& out, std::size_t room) : out_(out) {
    const std::size_t begin = out.size();
    out.resize(begin + room);
    to_ = out.data() + begin;
    last_ = begin == 0 ? '\0' : to_[-1];
  }
  FoldWriter(const FoldWriter&) = delete;
  FoldWriter& operator=(const FoldWriter&) = delete;
  ~FoldWriter() { out_.resize(static_cast<std::size_t>(to_ - out_.data())); }

  void put(char c) {
    if (c == ' ' && last_ == ' ') return;
    *to_++ = last_ = c;
  }
  void put_point(std::uint32_t point) {
    const auto tail = [&](int shift) { put(static_cast<char>(0x80 | ((point >> shift) & 0x3f))); };
    if (point < 0x80) {
      put(static_cast<char>(point));
    } else if (point < 0x800) {
      put(static_cast<char>(0xc0 | (point >> 6)));
      tail(0);
    } else if (point < 0x10000) {
      put(static_cast<char>(0xe0 | (point >> 12)));
      tail(6);
      tail(0);
    } else {
      put(static_cast<char>(0xf0 | (point >> 18)));
      tail(12);
      tail(6);
      tail(0);
    }
  }

 private:
  std::string& out_;
  char* to_;
  char last_;
};

void append_space(std::string& out) {
  if (out.empty() || out.back() != ' ') out.push_back(' ');
}

constexpr std::array<char, 128> make_folds() {
  std::array<char, 128> folds{};
  for (int c = 0; c < 128; ++c) {
    folds[static_cast<std::size_t>(c)] = static_cast<char>(c <= ' '               ? ' '
                                                           : c >= 'A' && c <= 'Z' ? c + 32
                                                                                  : c);
  }
  return folds;
}
constexpr std::array<char, 128> kFolds = make_folds();

// Folds one escape at `text` (which begins with a backslash) into `out`; gives the bytes it took.
std::size_t fold_escape(FoldWriter& out, std::string_view text) {
  if (text.size() < 2) {
    out.put('\\');
    return 1;
  }
  switch (text[1]) {
    case 'n':
    case 't':
    case 'r':
    case 'b':
    case 'f': out.put(' '); return 2;
    case '"':
    case '\\':
    case '/': out.put(text[1]); return 2;
    case 'u': {
      const int high = read_hex4(text.substr(2));
      if (high < 0) break;
      if (high >= 0xd800 && high < 0xdc00 && text.size() >= 12 && text[6] == '\\' && text[7] == 'u') {
        const int low = read_hex4(text.substr(8));
        if (low >= 0xdc00 && low < 0xe000) {
          out.put_point(0x10000u + (static_cast<std::uint32_t>(high - 0xd800) << 10) +
                        static_cast<std::uint32_t>(low - 0xdc00));
          return 12;
        }
      }
      if (high <= ' ')
        out.put(' ');
      else if (high < 0x80)
        out.put(kFolds[static_cast<std::size_t>(high)]);
      else
        out.put_point(fold_point(static_cast<std::uint32_t>(high)));
      return 6;
    }
    default: break;
  }
  out.put('\\');
  return 1;
}

void fold_json(std::string& to, std::string_view text) {
  FoldWriter out(to, text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '\\') {
      at += fold_escape(out, text.substr(at));
    } else if (c < 0x80) {
      out.put(kFolds[c]);
      ++at;
    } else if ((c == 0xc3 || c == 0xce || c == 0xd0) && at + 1 < text.size()) {
      out.put_point(fold_point(((c & 0x1fu) << 6) | (static_cast<unsigned char>(text[at + 1]) & 0x3fu)));
      at += 2;
    } else {
      out.put(text[at++]);
    }
  }
}

// The end of the JSON string that begins behind an opening quote, at its closing quote.
std::size_t string_end(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at, text.size());
}

bool is_event_stream(std::string_view body) {
  return body.starts_with("data:") || body.starts_with("event:") || body.starts_with(":") ||
         body.starts_with("id:");
}

constexpr std::string_view kPieces[] = {
    "\"content\":",  "\"text\":",    "\"arguments\":",        "\"partial_json\":",
    "\"thinking\":", "\"refusal\":", "\"reasoning_content\":"};

// Joins the pieces of text that the events of a stream carry, one run per field name.
void append_stream(std::string& out, std::string_view body) {
  std::string joined;
  for (const std::string_view field : kPieces) {
    joined.clear();
    for (std::size_t at = body.find(field); at != std::string_view::npos; at = body.find(field, at)) {
      at += field.size();
      while (at < body.size() && body[at] == ' ') ++at;
      if (at >= body.size() || body[at] != '"') continue;
      const std::size_t end = string_end(body, at + 1);
      joined += body.substr(at + 1, end - at - 1);
      at = end;
    }
    if (!joined.empty()) {
      append_space(out);
      fold_json(out, joined);
    }
  }
  append_space(out);
}

}  // namespace

void append_searchable(std::string& out, std::string_view body) {
  if (is_event_stream(body))
    append_stream(out, body);
  else
    fold_json(out, body);
}

std::string searchable(std::string_view body) {
  std::string out;
  append_searchable(out, body);
  return out;
}

std::uint64_t word_hash(std::string_view word) {
  std::uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a, then SplitMix64's finaliser
  for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ull;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebull;
  hash ^= hash >> 31;
  return hash == 0 ? 1 : hash;  // 0 marks a free slot
}

void WordSet::add(std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at] != 0) {
    if (slots_[at] == hash) return;
    at = (at + 1) & mask;
  }
  slots_[at] = hash;
  if (++count_ * 2 > slots_.size()) grow();
}

void WordSet::grow() {
  std::vector<std::uint64_t> old(slots_.size() * 2);
  old.swap(slots_);
  count_ = 0;
  for (const std::uint64_t hash : old) {
    if (hash != 0) add(hash);
  }
}

void WordSet::add_words(std::string_view folded) {
  visit_words(folded, [this](std::string_view word) { add(word_hash(word)); });
}

void WordSet::clear() {
  if (count_ != 0) std::fill(slots_.begin(), slots_.end(), 0);
  count_ = 0;
}

std::string WordSet::bloom() const {
  std::string bits(std::max<std::size_t>(8, (count_ * kBloomBitsPerWord + 7) / 8), '\0');
  const std::uint64_t size = bits.size() * 8;
  for (const std::uint64_t hash : slots_) {
    if (hash == 0) continue;
    const std::uint64_t step = (hash >> 32) | 1;
    for (std::uint64_t i = 0; i < kBloomHashes; ++i) {
      const std::uint64_t bit = (hash + i * step) % size;
      bits[bit / 8] = static_cast<char>(static_cast<unsigned char>(bits[bit / 8]) | (1u << (bit % 8)));
    }
  }
  return bits;
}

bool bloom_may_contain(std::string_view bits, std::uint64_t hash) {
  if (bits.empty()) return false;
  const std::uint64_t size = bits.size() * 8;
  const std::uint64_t step = (hash >> 32) | 1;
  for (std::uint64_t i = 0; i < kBloomHashes; ++i) {
    const std::uint64_t bit = (hash + i * step) % size;
    if ((static_cast<unsigned char>(bits[bit / 8]) & (1u << (bit % 8))) == 0) return false;
  }
  return true;
}

TextQuery::TextQuery(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && terms_.size() < kMostTerms) {
    if (static_cast<unsigned char>(text[at]) <= ' ') {
      ++at;
      continue;
    }
    std::string_view piece;
    if (text[at] == '"') {
      const std::size_t end = std::min(text.find('"', at + 1), text.size());
      piece = text.substr(at + 1, end - at - 1);
      at = end + 1;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t\r\n\"", at), text.size());
      piece = text.substr(at, end - at);
      at = end;
    }
    Term term;
    // A search is plain text: a backslash in it means a backslash.
    std::string escaped;
    for (const char c : piece) {
      if (c == '\\') escaped += '\\';
      escaped += c;
    }
    fold_json(term.folded, escaped);
    while (term.folded.starts_with(' ')) term.folded.erase(0, 1);
    while (term.folded.ends_with(' ')) term.folded.pop_back();
    visit_words(term.folded, [&](std::string_view word) { term.words.push_back(word_hash(word)); });
    if (!term.folded.empty()) terms_.push_back(std::move(term));
  }
}

std::uint64_t TextQuery::match(std::string_view folded) const {
  using text_index::ideograph;
  using text_index::is_word_byte;
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const std::string& term = terms_[i].folded;
    const bool open_begin = !is_word_byte(static_cast<unsigned char>(term.front())) || ideograph(term) != 0;
    const bool open_end =
        !is_word_byte(static_cast<unsigned char>(term.back())) ||
        (term.size() >= 3 && ideograph(std::string_view(term).substr(term.size() - 3)) != 0) ||
        (term.size() >= 4 && ideograph(std::string_view(term).substr(term.size() - 4)) == 4);
    for (std::size_t at = folded.find(term); at != std::string_view::npos; at = folded.find(term, at + 1)) {
      const std::size_t end = at + term.size();
      const bool begins = open_begin || at == 0 ||
                          !is_word_byte(static_cast<unsigned char>(folded[at - 1])) ||
                          (at >= 3 && ideograph(folded.substr(at - 3, 3)) != 0) ||
                          (at >= 4 && ideograph(folded.substr(at - 4, 4)) == 4);
      const bool ends = open_end || end == folded.size() ||
                        !is_word_byte(static_cast<unsigned char>(folded[end])) ||
                        ideograph(folded.substr(end)) != 0;
      if (begins && ends) {
        found |= 1ull << i;
        break;
      }
    }
  }
  return found;
}

bool TextQuery::bloom_may_match(std::string_view bloom, std::uint64_t found) const {
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    if ((found & (1ull << i)) != 0) continue;
    for (const std::uint64_t word : terms_[i].words) {
      if (!bloom_may_contain(bloom, word)) return false;
    }
  }
  return true;
}

}  // namespace slipway::telemetry
