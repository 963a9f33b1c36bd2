// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/ballot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace slipway::evaluation {

namespace {

constexpr double kSame = 1e-9;

std::string_view side_of(double value) { return value > 0.5 ? "better" : value < 0.5 ? "worse" : "tie"; }

std::string sentence(std::string_view reason) {
  return reason.empty() ? std::string("it gave no reason") : std::string(reason);
}

// "correct (2 of 3 votes)".
std::string verdict_in_words(const JudgeNote& note) {
  std::uint32_t all = 0;
  std::uint32_t for_it = 0;
  for (const auto& [label, count] : note.votes) {
    all += count;
    if (label == note.label) for_it = count;
  }
  if (note.label.empty()) {
    if (all == 1) return note.votes.front().first;
    std::string votes;
    for (const auto& [label, count] : note.votes)
      for (std::uint32_t i = 0; i < count; ++i) votes += (votes.empty() ? "" : ", ") + label;
    return fmt::format("{:.3g} of 1 (votes: {})", note.value, votes);
  }
  if (all == 1) return note.label;
  return fmt::format("{} ({} of {} votes)", note.label, for_it, all);
}

}  // namespace

JudgeVerdict of_answer(const JudgeVerdict& verdict, bool answer_first) {
  JudgeVerdict out = verdict;
  out.value = answer_first ? verdict.value : 1 - verdict.value;
  out.label = side_of(out.value);
  return out;
}

JudgeVerdict compare(const JudgeVerdict& answer_first, const JudgeVerdict& answer_second) {
  const JudgeVerdict one = of_answer(answer_first, true);
  const JudgeVerdict other = of_answer(answer_second, false);
  if (one.label == other.label) return one;
  JudgeVerdict out;
  out.label = "tie";
  out.value = 0.5;
  out.reason =
      fmt::format("the verdict changes with the order: read first the answer is {}, read second {}",
                  one.label == "tie" ? "as good" : one.label, other.label == "tie" ? "as good" : other.label);
  return out;
}

JudgeDecision decide(std::string model, std::span<const JudgeVote> votes, bool labelled) {
  struct Heap {
    double value = 0;
    std::uint32_t count = 0;
    const JudgeVote* first = nullptr;
  };
  std::map<std::string, Heap> heaps;
  double sum = 0;
  for (const JudgeVote& vote : votes) {
    Heap& heap = heaps[vote.verdict.label];
    heap.value = vote.verdict.value;
    ++heap.count;
    if (heap.first == nullptr) heap.first = &vote;
    sum += vote.verdict.value;
  }
  std::vector<std::pair<std::string, Heap>> sorted(heaps.begin(), heaps.end());
  std::ranges::stable_sort(sorted,
                           [](const auto& a, const auto& b) { return a.second.value > b.second.value; });
  JudgeDecision out;
  out.note.model = std::move(model);
  for (const auto& [label, heap] : sorted) out.note.votes.emplace_back(label, heap.count);
  const JudgeVote* shown = nullptr;
  if (labelled) {
    const auto* most = &sorted.front();
    for (const auto& one : sorted)
      if (one.second.count >= most->second.count) most = &one;  // of equals the later one is worth less
    out.note.label = most->first;
    out.note.value = most->second.value;
    shown = most->second.first;
  } else {
    out.note.value = sum / static_cast<double>(votes.size());
    shown = &*std::ranges::min_element(votes, {}, [&](const JudgeVote& vote) {
      return std::max(vote.verdict.value - out.note.value, out.note.value - vote.verdict.value);
    });
  }
  out.note.invocation = shown->invocation;
  out.reason = shown->verdict.reason;
  return out;
}

Score score_of(std::vector<JudgeDecision> decisions) {
  Score out;
  for (JudgeDecision& one : decisions) {
    out.value += one.note.value;
    const std::string words = fmt::format("{}: {}", verdict_in_words(one.note), sentence(one.reason));
    if (decisions.size() == 1)
      out.reason = words;
    else
      out.reason += fmt::format("{}{} says {}", out.reason.empty() ? "" : "; ", one.note.model, words);
    out.notes.push_back(std::move(one.note));
  }
  out.value /= static_cast<double>(out.notes.size());
  // A mean of equal values is that value, not one nearby.
  if (std::ranges::all_of(out.notes, [&](const JudgeNote& note) {
        return note.value > out.notes.front().value - kSame && note.value < out.notes.front().value + kSame;
      }))
    out.value = out.notes.front().value;
  return out;
}

}  // namespace slipway::evaluation
