// SPDX-License-Identifier: Apache-2.0
#include "catalog/case_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/clock.h"
#include "base/text.h"
#include "catalog/case_rows.h"

namespace slipway::catalog {

namespace {

constexpr std::size_t kWriteBytes = 2u << 20;  // of chunks in one transaction
constexpr std::size_t kWriteChunks = 64;
constexpr std::uint32_t kPageLimit = 500;
constexpr std::size_t kPageBytes = 8u << 20;         // of lines on one page
constexpr std::size_t kPageSearchBytes = 32u << 20;  // unpacked for one page

// ASCII letters in lower case; everything else as it is.
std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c + (c >= 'A' && c <= 'Z' ? 'a' - 'A' : 0));
  return out;
}

// The text as it stands in canonical JSON, so that quotes and line ends are found.
std::string as_in_line(std::string_view text) {
  std::string out;
  append_json_string(out, lowered(text));
  return out.substr(1, out.size() - 2);
}

bool matches(std::string_view line, const CaseFilter& filter, std::string_view wanted) {
  if (!wanted.empty() && lowered(line).find(wanted) == std::string::npos) return false;
  if (filter.tag.empty() && filter.split.empty()) return true;
  const auto one = read_case(line);
  return one && (filter.split.empty() || one->split == filter.split) &&
         (filter.tag.empty() || std::ranges::binary_search(one->tags, filter.tag));
}

// Whether a chunk may hold what is looked for.
Result<bool> worth_reading(CaseWalk& walk, const CaseFilter& filter) {
  if (filter.tag.empty() && filter.split.empty()) return true;
  SLIPWAY_ASSIGN(const auto counts, walk.peek());
  return (filter.split.empty() || counts.first.contains(filter.split)) &&
         (filter.tag.empty() || counts.second.contains(filter.tag));
}

// The cases that a content has inside, as chunks.
Result<std::vector<CaseChunk>> cut_inside(const json::array& cases, const CaseLimits& limits) {
  CaseCutter cutter;
  IdSet ids;
  std::vector<CaseChunk> chunks;
  for (const json::value& item : cases) {
    if (!item.is_object()) continue;  // validation has refused it
    SLIPWAY_ASSIGN(const Case one, make_case(item.get_object(), limits));
    if (!ids.insert(id_hash(one.id))) continue;
    if (auto chunk = cutter.add(one)) chunks.push_back(std::move(*chunk));
  }
  if (auto chunk = cutter.finish()) chunks.push_back(std::move(*chunk));
  return chunks;
}

}  // namespace

json::object cases_content(const CaseSummary& summary) {
  json::object splits;
  for (const auto& [split, count] : summary.splits)
    if (!split.empty()) splits.emplace(split, count);
  json::object content{{"count", summary.count}, {"cases_digest", summary.digest}};
  if (!splits.empty()) content["splits"] = std::move(splits);
  return content;
}

Result<CaseSummary> summarize_inside(const json::array& cases, const CaseLimits& limits) {
  SLIPWAY_ASSIGN(const std::vector<CaseChunk> chunks, cut_inside(cases, limits));
  CaseCutter cutter;
  for (const CaseChunk& chunk : chunks) cutter.add_chunk(chunk, false);
  return cutter.summary();
}

void for_each_line(const CaseChunk& chunk, const std::function<bool(std::string_view line)>& visit) {
  std::string_view rest = chunk.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (!visit(rest.substr(0, end))) return;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

Result<std::optional<CaseChunk>> CaseWalk::next() {
  if (at_ >= places_.size()) return std::optional<CaseChunk>();
  if (database_ == nullptr) return std::optional<CaseChunk>(inside_[at_++]);
  SLIPWAY_ASSIGN(CaseChunk chunk,
                 database_->read([&](soci::session& sql) { return load_chunk(sql, places_[at_].digest); }));
  ++at_;
  return std::optional<CaseChunk>(std::move(chunk));
}

Result<std::pair<Counts, Counts>> CaseWalk::peek() {
  if (at_ >= places_.size()) return std::pair<Counts, Counts>();
  if (database_ == nullptr) return std::pair(inside_[at_].splits, inside_[at_].tags);
  return database_->read([&](soci::session& sql) -> Result<std::pair<Counts, Counts>> {
    return load_chunk_counts(sql, places_[at_].digest);
  });
}

void CaseWalk::seek(std::int64_t number) {
  const auto behind =
      std::ranges::upper_bound(places_, number, {}, [](const ChunkPlace& place) { return place.first; });
  at_ = behind == places_.begin() ? 0 : static_cast<std::size_t>(behind - places_.begin()) - 1;
}

std::int64_t CaseWalk::count() const {
  return places_.empty() ? 0 : places_.back().first + places_.back().cases;
}

CaseWriter::~CaseWriter() = default;

Result<> CaseWriter::check_count(std::size_t more) const {
  if (ids_.size() + more <= limits_.cases) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("there are more than {} cases", limits_.cases), {},
              "Split the file, or raise the setting datasets.cases.");
}

Result<bool> CaseWriter::add(const Case& one) {
  if (!ids_.insert(id_hash(one.id))) {
    if (!one.named) return false;
    return fail(ErrorCode::kInvalidArgument, fmt::format("the id '{}' is there already", one.id), "id",
                "Each case needs an id of its own; leave ids out to have cases called by their content.");
  }
  SLIPWAY_TRY(check_count(0));
  if (auto chunk = cutter_.add(one)) SLIPWAY_TRY(keep(std::move(*chunk)));
  return true;
}

Result<> CaseWriter::add_chunk(CaseChunk chunk, bool last) {
  for (const std::uint64_t id : chunk.ids)
    if (!ids_.insert(id))
      return fail(ErrorCode::kConflict, "a case that is added or changed has the id of another one", "id");
  SLIPWAY_TRY(check_count(0));
  if (cutter_.add_chunk(chunk, last)) return keep(std::move(chunk));
  Result<> added;
  for_each_line(chunk, [&](std::string_view line) {
    const auto one = read_case(line);
    if (!one) {
      added = fail(one.error());
    } else if (auto full = cutter_.add(*one)) {
      added = keep(std::move(*full));
    }
    return added.has_value();
  });
  return added;
}

Result<> CaseWriter::keep(CaseChunk chunk) {
  waiting_bytes_ += chunk.text.size();
  waiting_.push_back(std::move(chunk));
  if (waiting_bytes_ < kWriteBytes && waiting_.size() < kWriteChunks) return {};
  return write();
}

Result<> CaseWriter::write() {
  const Result<> written = database_.write_quietly([&](soci::session& sql) -> Result<> {
    if (set_ == 0)
      set_ = insert_set(sql, unix_now_us());
    else
      touch_set(sql, set_, unix_now_us());
    for (const CaseChunk& chunk : waiting_) {
      SLIPWAY_TRY(insert_chunk(sql, set_, number_, first_, chunk));
      ++number_;
      first_ += static_cast<std::int64_t>(chunk.ids.size());
    }
    return {};
  });
  waiting_.clear();
  waiting_bytes_ = 0;
  return written;
}

Result<CaseSummary> CaseWriter::finish() {
  if (auto chunk = cutter_.finish()) waiting_.push_back(std::move(*chunk));
  SLIPWAY_TRY(write());
  CaseSummary summary = cutter_.summary();
  SLIPWAY_TRY(database_.write_quietly([&](soci::session& sql) -> Result<> {
    finish_set(sql, set_, summary, unix_now_us());
    return {};
  }));
  return summary;
}

std::unique_ptr<CaseWriter> CaseStore::begin() {
  return std::unique_ptr<CaseWriter>(new CaseWriter(database_, limits_));
}

Result<CaseSummary> CaseStore::find(std::string_view digest) {
  return database_.read([&](soci::session& sql) -> Result<CaseSummary> {
    auto found = find_set(sql, std::string(digest));
    if (!found)
      return fail(ErrorCode::kNotFound,
                  fmt::format("the cases {} are not stored here", ellipsize(digest, 80)), "cases_digest");
    return std::move(found->summary);
  });
}

Result<CaseWalk> CaseStore::walk(const json::object& content) {
  CaseWalk walk;
  if (const json::value* cases = content.if_contains("cases"); cases != nullptr && cases->is_array()) {
    SLIPWAY_ASSIGN(walk.inside_, cut_inside(cases->get_array(), limits_));
    std::int64_t first = 0;
    for (const CaseChunk& chunk : walk.inside_) {
      const auto count = static_cast<std::int64_t>(chunk.ids.size());
      walk.places_.push_back({chunk.digest, first, count});
      first += count;
    }
    return walk;
  }
  const json::value* digest = content.if_contains("cases_digest");
  if (digest == nullptr || !digest->is_string())
    return fail(ErrorCode::kInvalidArgument, "this is not a dataset's content", "cases_digest");
  walk.database_ = &database_;
  const std::string wanted(digest->get_string());
  SLIPWAY_ASSIGN(walk.places_, database_.read([&](soci::session& sql) -> Result<std::vector<ChunkPlace>> {
    const auto found = find_set(sql, wanted);
    if (!found)
      return fail(ErrorCode::kDataLoss, fmt::format("the cases {} are not stored here", wanted),
                  "cases_digest", "Import the dataset again.");
    return load_places(sql, found->id);
  }));
  return walk;
}

Result<CasePage> CaseStore::page(const json::object& content, const CaseFilter& filter,
                                 std::string_view cursor, std::uint32_t limit) {
  const auto from = cursor.empty() ? std::optional<std::int64_t>(0) : parse_integer<std::int64_t>(cursor);
  if (!from || *from < 0)
    return fail(ErrorCode::kInvalidArgument, "this cursor was not given out here", "cursor",
                "Use next_cursor of the page before.");
  SLIPWAY_ASSIGN(CaseWalk cases, walk(content));
  const std::string wanted = as_in_line(filter.text);
  const std::uint32_t most = std::clamp<std::uint32_t>(limit, 1, kPageLimit);
  CasePage page;
  page.total = cases.count();
  cases.seek(*from);
  std::size_t searched = 0;
  std::size_t bytes = 0;
  while (*from < page.total && cases.at() < cases.places().size()) {
    std::int64_t number = cases.places()[cases.at()].first;
    if (searched > kPageSearchBytes) {
      page.next_cursor = fmt::format("{}", number);
      break;
    }
    SLIPWAY_ASSIGN(const bool worth, worth_reading(cases, filter));
    if (!worth) {
      cases.skip();
      continue;
    }
    SLIPWAY_ASSIGN(const auto chunk, cases.next());
    searched += chunk->text.size();
    if (!wanted.empty() && lowered(chunk->text).find(wanted) == std::string::npos) continue;
    for_each_line(*chunk, [&](std::string_view line) {
      const std::int64_t at = number++;
      if (at < *from || !matches(line, filter, wanted)) return true;
      if (page.items.size() == most || (bytes > kPageBytes && !page.items.empty())) {
        page.next_cursor = fmt::format("{}", at);
        return false;
      }
      bytes += line.size();
      page.items.emplace_back(at, line);
      return true;
    });
    if (!page.next_cursor.empty()) break;
  }
  return page;
}

Result<std::string> CaseStore::get(const json::object& content, std::string_view id) {
  SLIPWAY_ASSIGN(CaseWalk cases, walk(content));
  const std::uint64_t wanted = id_hash(id);
  while (cases.at() < cases.places().size()) {
    if (cases.database_ != nullptr) {
      SLIPWAY_ASSIGN(const auto ids, database_.read([&](soci::session& sql) {
        return load_chunk_ids(sql, cases.places()[cases.at()].digest);
      }));
      if (std::ranges::find(ids, wanted) == ids.end()) {
        cases.skip();
        continue;
      }
    }
    SLIPWAY_ASSIGN(const auto chunk, cases.next());
    std::string found;
    for_each_line(*chunk, [&](std::string_view line) {
      if (const auto one = read_case(line); one && one->id == id) found = line;
      return found.empty();
    });
    if (!found.empty()) return found;
  }
  return fail(ErrorCode::kNotFound, fmt::format("there is no case '{}'", ellipsize(id, 200)), "id");
}

Result<std::vector<std::string>> CaseStore::known(const json::object& content,
                                                  const std::vector<std::string>& ids) {
  SLIPWAY_ASSIGN(CaseWalk cases, walk(content));
  std::unordered_map<std::uint64_t, const std::string*> wanted;
  for (const std::string& id : ids) wanted.emplace(id_hash(id), &id);
  std::vector<std::string> found;
  for (const ChunkPlace& place : cases.places()) {
    std::vector<std::uint64_t> hashes;
    if (cases.database_ == nullptr) {
      hashes = cases.inside_[static_cast<std::size_t>(&place - cases.places().data())].ids;
    } else {
      SLIPWAY_ASSIGN(hashes,
                     database_.read([&](soci::session& sql) { return load_chunk_ids(sql, place.digest); }));
    }
    for (const std::uint64_t hash : hashes)
      if (const auto match = wanted.find(hash); match != wanted.end()) found.push_back(*match->second);
  }
  return found;
}

Result<CollectedCases> CaseStore::collect(std::int64_t older_than_us) {
  return database_.write_quietly([&](soci::session& sql) { return collect_sets(sql, older_than_us); });
}

std::optional<CaseSummary> use_case_set(soci::session& sql, const std::string& digest, bool keep) {
  auto found = find_set(sql, digest);
  if (!found) return std::nullopt;
  if (keep) {
    const long long id = found->id;
    sql << "UPDATE catalog_case_sets SET used = 1 WHERE id = :id", soci::use(id);
  }
  return std::move(found->summary);
}

}  // namespace slipway::catalog
