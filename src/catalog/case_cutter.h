// SPDX-License-Identifier: Apache-2.0
// Cuts a stream of cases into chunks, and digests the whole. Where it cuts depends on the cases around, not
// on their place: after an edit, the chunks before and behind it are the same as before. Needs no store, so
// that a file on a laptop gives the digest it would have on the server. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "catalog/case.h"

namespace slipway::catalog {

using Counts = std::map<std::string, std::int64_t>;

struct CaseChunk {
  std::string digest;              // "sha256:…" of `text`
  std::string text;                // lines, each with its end
  std::vector<std::uint64_t> ids;  // id_hash() of each case
  Counts splits;                   // cases by split; "" for those without
  Counts tags;                     // cases by tag
};

// "sha256:…" of a chunk's text; digest_of() gives the same, but for large texts this is quicker.
std::string chunk_digest(std::string_view text);

// What a dataset's content says of its cases.
struct CaseSummary {
  std::string digest;  // of all lines: what `sha256sum` says of the exported file
  std::int64_t count = 0;
  std::int64_t bytes = 0;
  Counts splits;
  Counts tags;  // the first kSummaryTags different ones
};
inline constexpr std::size_t kSummaryTags = 1'000;

// Ids that were seen, eight bytes each: two different ids of five million are taken for one with a chance of
// one in a million.
class IdSet {
 public:
  // False if it is there already.
  bool insert(std::uint64_t hash);
  [[nodiscard]] bool contains(std::uint64_t hash) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[nodiscard]] std::size_t place_of(std::uint64_t hash) const;
  void grow();
  std::vector<std::uint64_t> slots_;  // 0: free
  std::size_t size_ = 0;
};

class CaseCutter {
 public:
  // A chunk when this case completes one.
  std::optional<CaseChunk> add(const Case& one);
  // A whole chunk as it was cut before, unless a begun one makes that wrong: then false, and its cases are to
  // be added one by one. `last` chunks end where the cases ended, not where they would be cut.
  bool add_chunk(const CaseChunk& chunk, bool last);
  // What is left.
  std::optional<CaseChunk> finish();
  // After finish().
  CaseSummary summary();

 private:
  void count(const Counts& splits, const Counts& tags);
  CaseChunk take();
  CaseChunk open_;
  CaseSummary summary_;
  Sha256Stream hash_;
};

}  // namespace slipway::catalog
