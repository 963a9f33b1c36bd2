// SPDX-License-Identifier: Apache-2.0
#include "catalog/case_cutter.h"

namespace slipway::catalog {

namespace {

// Bytes of a chunk before compression. Changing them changes where new versions are cut, never a digest.
constexpr std::size_t kLeastBytes = 16u << 10;
constexpr std::size_t kUsualBytes = 80u << 10;  // on average, beyond the least
constexpr std::size_t kMostBytes = 512u << 10;
constexpr std::size_t kMostCases = 2'000;
constexpr std::size_t kFirstSlots = 1u << 10;

// FNV-1a with a finisher: the same on every machine and fast enough not to be seen.
std::uint64_t border_hash(std::string_view line) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : line) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1'099'511'628'211U;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdU;
  hash ^= hash >> 33;
  return hash;
}

// A long case ends a chunk with a larger chance than a short one, so that chunks have about the same size.
bool is_border(std::string_view line) { return border_hash(line) % kUsualBytes < line.size(); }

}  // namespace

std::string chunk_digest(std::string_view text) {
  Sha256Stream hash;
  hash.add(text);
  return "sha256:" + hex(hash.finish());
}

std::size_t IdSet::place_of(std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t place = hash & mask;
  while (slots_[place] != 0 && slots_[place] != hash) place = (place + 1) & mask;
  return place;
}

bool IdSet::contains(std::uint64_t hash) const {
  return !slots_.empty() && slots_[place_of(hash == 0 ? 1 : hash)] != 0;
}

bool IdSet::insert(std::uint64_t hash) {
  if (hash == 0) hash = 1;
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  const std::size_t place = place_of(hash);
  if (slots_[place] != 0) return false;
  slots_[place] = hash;
  ++size_;
  return true;
}

void IdSet::grow() {
  std::vector<std::uint64_t> before = std::move(slots_);
  slots_.assign(before.empty() ? kFirstSlots : before.size() * 2, 0);
  for (const std::uint64_t hash : before)
    if (hash != 0) slots_[place_of(hash)] = hash;
}

void CaseCutter::count(const Counts& splits, const Counts& tags) {
  for (const auto& [split, cases] : splits) summary_.splits[split] += cases;
  for (const auto& [tag, cases] : tags) {
    const auto known = summary_.tags.find(tag);
    if (known != summary_.tags.end())
      known->second += cases;
    else if (summary_.tags.size() < kSummaryTags)
      summary_.tags.emplace(tag, cases);
  }
}

CaseChunk CaseCutter::take() {
  CaseChunk chunk = std::move(open_);
  open_ = {};
  chunk.digest = chunk_digest(chunk.text);
  count(chunk.splits, chunk.tags);
  summary_.count += static_cast<std::int64_t>(chunk.ids.size());
  summary_.bytes += static_cast<std::int64_t>(chunk.text.size());
  hash_.add(chunk.text);
  return chunk;
}

std::optional<CaseChunk> CaseCutter::add(const Case& one) {
  // Before it, so that a chunk is only larger than the most where one case is.
  std::optional<CaseChunk> full;
  if (!open_.ids.empty() && open_.text.size() + one.line.size() > kMostBytes) full = take();
  open_.text += one.line;
  open_.text += '\n';
  open_.ids.push_back(id_hash(one.id));
  ++open_.splits[one.split];
  for (const std::string& tag : one.tags) ++open_.tags[tag];
  // A case that is a chunk of its own stays in the next one's beginning: one call gives one chunk.
  if (full) return full;
  if (open_.ids.size() >= kMostCases || (open_.text.size() >= kLeastBytes && is_border(one.line)))
    return take();
  return std::nullopt;
}

bool CaseCutter::add_chunk(const CaseChunk& chunk, bool last) {
  if (!open_.ids.empty() || last) return false;
  count(chunk.splits, chunk.tags);
  summary_.count += static_cast<std::int64_t>(chunk.ids.size());
  summary_.bytes += static_cast<std::int64_t>(chunk.text.size());
  hash_.add(chunk.text);
  return true;
}

std::optional<CaseChunk> CaseCutter::finish() {
  if (open_.ids.empty()) return std::nullopt;
  return take();
}

CaseSummary CaseCutter::summary() {
  summary_.digest = "sha256:" + hex(hash_.finish());
  return std::move(summary_);
}

}  // namespace slipway::catalog
