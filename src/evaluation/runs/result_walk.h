// SPDX-License-Identifier: Apache-2.0
// Results in the order of their items, from chunks in which they lie as they finished. Blocks on the
// database. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "evaluation/runs/run_store.h"

namespace slipway::evaluation {

// Holds the chunks around the place it is at: memory grows with how far results were out of order, not with
// their number. Of an item that was tried again the later result counts.
class ResultWalk {
 public:
  // Begins with the first result whose item is `from` or behind it.
  static Result<ResultWalk> begin(RunStore& store, std::string run, std::uint64_t from = 0);
  // Nothing at the end.
  Result<std::optional<std::pair<std::uint64_t, std::string>>> next();

 private:
  struct Held {
    std::int64_t seq = 0;
    std::string line;
  };
  ResultWalk(RunStore& store, std::string run, std::uint64_t from)
      : store_(&store), run_(std::move(run)), from_(from) {}
  Result<> read(const ResultPlace& place);
  RunStore* store_;
  std::string run_;
  std::uint64_t from_;
  std::vector<ResultPlace> places_;  // by first item
  std::size_t at_ = 0;
  std::map<std::uint64_t, Held> held_;
};

// "sha256:…" over the run's definition and its results in the order of their items, each a line.
Result<std::string> run_digest(RunStore& store, const Run& run);

}  // namespace slipway::evaluation
