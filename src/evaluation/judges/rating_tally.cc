// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/rating_tally.h"

#include <algorithm>
#include <cmath>

namespace slipway::evaluation {

namespace {

constexpr double kThousand = 1'000;

// Of two judges.
Result<Kappa> kappa_of(const std::map<std::vector<std::int32_t>, std::int64_t>& ways) {
  std::vector<std::int32_t> ratings;
  for (const auto& [way, cases] : ways) ratings.insert(ratings.end(), way.begin(), way.end());
  std::ranges::sort(ratings);
  ratings.erase(std::ranges::unique(ratings).begin(), ratings.end());
  const auto place = [&](std::int32_t rating) {
    return static_cast<std::size_t>(std::ranges::lower_bound(ratings, rating) - ratings.begin());
  };
  std::vector<std::size_t> table(ratings.size() * ratings.size());
  for (const auto& [way, cases] : ways)
    table[place(way[0]) * ratings.size() + place(way[1])] += static_cast<std::size_t>(cases);
  return cohen_kappa(table, ratings.size(),
                     ratings.size() > 2 ? KappaWeights::kQuadratic : KappaWeights::kNone);
}

}  // namespace

void RatingTally::count(const Way& way, std::int64_t cases) {
  if (overflowed_) return;
  ways_[way] += cases;
  if (ways_.size() <= kWaysMost) return;
  ways_.clear();
  overflowed_ = true;
}

void RatingTally::add(std::span<const JudgeNote> notes) {
  if (notes.size() < 2) return;
  if (judges_.empty())
    for (const JudgeNote& note : notes) judges_.push_back(note.model);
  Way way;
  for (const JudgeNote& note : notes)
    way.push_back(static_cast<std::int32_t>(std::lround(note.value * kThousand)));
  count(way, 1);
}

void RatingTally::add(const RatingTally& other) {
  if (judges_.empty()) judges_ = other.judges_;
  if (other.overflowed_) {
    ways_.clear();
    overflowed_ = true;
  }
  for (const auto& [way, cases] : other.ways_) count(way, cases);
}

std::optional<JudgeAgreement> RatingTally::agreement() const {
  if (empty()) return std::nullopt;
  JudgeAgreement out;
  out.judges = judges_;
  if (overflowed_) {
    out.note = "the judges' ratings differ too finely to be counted: round them to a scale of whole numbers";
    return out;
  }
  std::vector<RatedAlike> rated;
  for (const auto& [way, cases] : ways_) {
    RatedAlike& alike = rated.emplace_back();
    alike.cases = static_cast<std::size_t>(cases);
    for (const std::int32_t rating : way) alike.ratings.emplace_back(rating / kThousand);
    out.cases += cases;
  }
  const auto alpha = krippendorff_alpha(rated, Scale::kInterval);
  if (alpha)
    out.alpha = *alpha;
  else
    out.note = alpha.error().describe();
  if (judges_.size() != 2) return out;
  if (auto kappa = kappa_of(ways_))
    out.kappa = *kappa;
  else if (out.note.empty())
    out.note = kappa.error().describe();
  return out;
}

json::object RatingTally::to_json() const {
  json::array judges;
  for (const std::string& one : judges_) judges.emplace_back(one);
  json::array ways;
  for (const auto& [way, cases] : ways_) {
    json::array row;
    for (const std::int32_t rating : way) row.emplace_back(rating);
    row.emplace_back(cases);
    ways.emplace_back(std::move(row));
  }
  return {{"judges", std::move(judges)}, {"ways", std::move(ways)}, {"overflowed", overflowed_}};
}

RatingTally RatingTally::read(const json::object& stored) {
  RatingTally out;
  for (const json::value& one : stored.at("judges").as_array()) out.judges_.emplace_back(one.as_string());
  out.overflowed_ = stored.at("overflowed").as_bool();
  for (const json::value& one : stored.at("ways").as_array()) {
    const json::array& row = one.as_array();
    if (row.size() != out.judges_.size() + 1) continue;
    Way way;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) way.push_back(row[i].to_number<std::int32_t>());
    out.ways_[way] = row.back().to_number<std::int64_t>();
  }
  return out;
}

}  // namespace slipway::evaluation
