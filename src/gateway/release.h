// SPDX-License-Identifier: Apache-2.0
// A use case's releases as the gateway serves them: `model: "support-assistant"` is answered by the release
// that is active in the key's environment, or for a share of the end users by a candidate.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "llm/prompt.h"

namespace slipway::gateway {

// Sums over calls; means and variances follow from sums and sums of squares.
struct TallyFigures {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;  // all but ok and calls whose client left
  double duration_us = 0;
  double duration_us_squared = 0;
  std::uint64_t costed = 0;  // calls whose cost is known
  double cost_nano = 0;
  double cost_nano_squared = 0;
  std::uint64_t first_tokens = 0;  // streams that brought one
  double first_token_us = 0;
  double first_token_us_squared = 0;
};

// What one release did in one environment since this server started. Loops write shards of their own, so
// that counting costs no traffic between cores; sum() may be called by any thread at any time.
class ReleaseTally {
 public:
  struct Observation {
    bool error = false;
    std::int64_t duration_us = 0;
    std::int64_t cost_nano = -1;       // -1: not known
    std::int64_t first_token_us = -1;  // -1: none
  };
  void add(std::size_t shard, const Observation& seen);
  [[nodiscard]] TallyFigures sum() const;

 private:
  static constexpr std::size_t kShards = 16;
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> calls{0}, errors{0}, costed{0}, first_tokens{0};
    std::atomic<double> duration{0}, duration_squared{0}, cost{0}, cost_squared{0}, first_token{0},
        first_token_squared{0};
  };
  std::array<Shard, kShards> shards_;
};

struct ServedRelease {
  std::string id;                                     // "support-assistant@3"
  std::shared_ptr<const llm::PromptProgram> program;  // null: it can't be served,
  std::string problem;                                // because of this
  std::shared_ptr<ReleaseTally> tally;                // null: its calls say nothing about what is deployed
  bool trial = false;  // no release: assets that are tried; records don't name it
};

// What one use case serves in one environment.
struct UseCaseEntry {
  std::shared_ptr<const ServedRelease> active;
  std::shared_ptr<const ServedRelease> candidate;  // null: none
  std::uint32_t candidate_basis_points = 0;        // of 10,000: the candidate's share
  std::string salt;  // changes with every rollout, so that it's not always the same users who go first

  // The release for an end user, always the same while the split grows; `subject` is who the split sticks to.
  [[nodiscard]] const ServedRelease& choose(std::string_view subject) const;
};

inline constexpr std::uint32_t kAllBasisPoints = 10'000;

}  // namespace slipway::gateway
