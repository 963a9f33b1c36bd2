// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/result_walk.h"

#include <algorithm>
#include <tuple>

#include "base/crypto.h"
#include "catalog/canonical.h"

namespace slipway::evaluation {

Result<ResultWalk> ResultWalk::begin(RunStore& store, std::string run, std::uint64_t from) {
  ResultWalk walk(store, std::move(run), from);
  SLIPWAY_ASSIGN(walk.places_, store.places(walk.run_));
  std::erase_if(walk.places_, [from](const ResultPlace& place) { return place.last_item < from; });
  std::ranges::sort(walk.places_, {},
                    [](const ResultPlace& place) { return std::tuple(place.first_item, place.seq); });
  return walk;
}

Result<> ResultWalk::read(const ResultPlace& place) {
  SLIPWAY_ASSIGN(const std::string text, store_->lines(run_, place.seq));
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    SLIPWAY_ASSIGN(const ResultHead head, read_head(line));
    if (head.item >= from_) {
      Held& held = held_[head.item];
      if (held.line.empty() || held.seq < place.seq) held = {place.seq, std::string(line)};
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

Result<std::optional<std::pair<std::uint64_t, std::string>>> ResultWalk::next() {
  // Everything that could come before the first one held must have been read.
  while (at_ < places_.size() && (held_.empty() || places_[at_].first_item <= held_.begin()->first))
    SLIPWAY_TRY(read(places_[at_++]));
  if (held_.empty()) return std::nullopt;
  auto first = held_.extract(held_.begin());
  return std::pair(first.key(), std::move(first.mapped().line));
}

Result<std::string> run_digest(RunStore& store, const Run& run) {
  Sha256Stream hash;
  hash.add(catalog::canonical_json(run.definition));
  hash.add("\n");
  SLIPWAY_ASSIGN(ResultWalk walk, ResultWalk::begin(store, run.id));
  for (;;) {
    SLIPWAY_ASSIGN(const auto result, walk.next());
    if (!result) break;
    hash.add(result->second);
    hash.add("\n");
  }
  return "sha256:" + hex(hash.finish());
}

}  // namespace slipway::evaluation
