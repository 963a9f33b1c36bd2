// SPDX-License-Identifier: Apache-2.0
// How several judges rated the answers of a run, as counts of what they said alike: small whatever the number
// of answers, and enough to tell how far they agree. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "evaluation/judges/judge_note.h"
#include "evaluation/statistics/agreement.h"

namespace slipway::evaluation {

struct JudgeAgreement {
  std::vector<std::string> judges;
  std::int64_t cases = 0;
  std::optional<double> alpha;  // Krippendorff's, of the ratings as numbers
  std::optional<Kappa>
      kappa;         // Cohen's, of two judges; weighted by squares where there are more than two ratings
  std::string note;  // why one of them can't be told
};

class RatingTally {
 public:
  // Different ways to rate one answer, all judges together; beyond them nothing is counted.
  static constexpr std::size_t kWaysMost = 2'000;

  void add(std::span<const JudgeNote> notes);  // of fewer than two judges there is nothing to count
  void add(const RatingTally& other);
  [[nodiscard]] bool empty() const { return ways_.empty() && !overflowed_; }
  // nullopt where no two judges rated anything.
  [[nodiscard]] std::optional<JudgeAgreement> agreement() const;

  [[nodiscard]] json::object to_json() const;
  static RatingTally read(const json::object& stored);
  bool operator==(const RatingTally&) const = default;

 private:
  using Way = std::vector<std::int32_t>;  // thousandths, one a judge
  void count(const Way& way, std::int64_t cases);

  std::vector<std::string> judges_;
  std::map<Way, std::int64_t> ways_;
  bool overflowed_ = false;
};

}  // namespace slipway::evaluation
