// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/failures.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/text.h"

namespace slipway::evaluation {

namespace {

// How one case fares with one metric; metric kCall is the call itself.
constexpr std::size_t kCall = ~std::size_t{0};

struct Trouble {
  bool known = false;   // there is something to say
  bool failed = false;  // not good enough, or an error
  std::string_view error_code;
  std::string_view reason;
  double value = 0;  // mean of the scored answers
};

Trouble call_trouble(const CaseTable& table, const CaseRow& row) {
  Trouble out;
  std::size_t errors = 0;
  for (const std::uint32_t at : row.answers) {
    const GateAnswer& answer = table.run().answers[at];
    if (answer.error_code.empty()) continue;
    if (++errors == 1) {
      out.error_code = answer.error_code;
      out.reason = answer.error_message;
    }
  }
  out.known = true;
  out.failed = errors > 0 && 2 * errors >= row.answers.size();
  return out;
}

Trouble metric_trouble(const CaseTable& table, const CaseRow& row, std::size_t metric) {
  Trouble out;
  std::size_t verdicts = 0;
  std::size_t failed = 0;
  std::size_t errors = 0;
  std::size_t scored = 0;
  const GateScore* failure = nullptr;
  const GateScore* error = nullptr;
  for (const std::uint32_t at : row.answers) {
    const GateAnswer& answer = table.run().answers[at];
    if (!answer.error_code.empty()) continue;
    const GateScore& score = answer.scores[metric];
    if (score.outcome == MetricOutcome::kError) {
      ++errors;
      error = error == nullptr ? &score : error;
    } else if (score.outcome == MetricOutcome::kScored) {
      out.value += score.value;
      ++scored;
      if (!score.passed) continue;
      ++verdicts;
      if (*score.passed) continue;
      ++failed;
      if (failure == nullptr || score.value < failure->value) failure = &score;
    }
  }
  if (scored > 0) out.value /= static_cast<double>(scored);
  out.known = verdicts + errors > 0;
  if (errors > 0 && errors >= verdicts) {
    out.failed = true;
    out.error_code =
        error->error_code.empty() ? std::string_view("error") : std::string_view(error->error_code);
    out.reason = error->reason;
  } else if (failed > 0 && 2 * failed >= verdicts) {
    out.failed = true;
    out.reason = failure->reason;
  }
  return out;
}

Trouble trouble_of(const CaseTable& table, std::uint32_t row, std::size_t metric) {
  const CaseRow& one = table.rows()[row];
  return metric == kCall ? call_trouble(table, one) : metric_trouble(table, one, metric);
}

// A failure of one case in one metric.
struct Item {
  std::uint32_t row = 0;
  FailureState state = FailureState::kUnknown;
  double value = 0;
};

struct Key {
  std::size_t metric = kCall;
  std::string error_code;
  std::string pattern;
  FailureState state = FailureState::kUnknown;
  auto operator<=>(const Key&) const = default;
};

struct Gathered {
  std::string reason;
  std::vector<Item> items;
};

struct CaseScore {
  std::uint32_t row = 0;
  FailureState state = FailureState::kUnknown;
  std::vector<std::size_t> metrics;  // that failed
  std::string_view reason;
  double lost = 0;  // sum of what is missing to 1
};

// New ones are worse than known ones.
int order_of(FailureState state) {
  switch (state) {
    case FailureState::kNew: return 0;
    case FailureState::kUnknown: return 1;
    case FailureState::kPersisting: return 2;
    case FailureState::kFixed: break;
  }
  return 3;
}

// Patterns that differ in few words are one: the first of them stands for all. Only among the most frequent
// few hundred: what is rarer stays as it is.
constexpr std::size_t kMergeLimit = 400;
bool nearly_same(std::string_view a, std::string_view b) {
  const std::vector<std::string_view> left = split(a, ' ');
  const std::vector<std::string_view> right = split(b, ' ');
  if (left.size() != right.size() || left.size() < 5) return false;
  std::size_t same = 0;
  for (std::size_t i = 0; i < left.size(); ++i) same += left[i] == right[i] ? 1 : 0;
  return 5 * same >= 4 * left.size();
}

class Grouping {
 public:
  Grouping(const CaseTable& candidate, const CaseTable* baseline, const GateLimits& limits)
      : candidate_(candidate), baseline_(baseline), limits_(limits) {}

  Failures run() {
    for (std::uint32_t row = 0; row < candidate_.rows().size(); ++row) look_at(row);
    merge_similar();
    write_groups();
    write_worst();
    return std::move(out_);
  }

 private:
  void look_at(std::uint32_t row) {
    CaseScore score;
    score.row = row;
    visit(row, kCall, score);
    for (std::size_t metric = 0; metric < candidate_.run().metrics.size(); ++metric)
      visit(row, metric, score);
    if (!score.metrics.empty()) scores_.push_back(std::move(score));
  }

  Trouble before(std::uint32_t row, std::size_t metric) const {
    if (baseline_ == nullptr) return {};
    const auto other = baseline_->find(candidate_.rows()[row].id);
    if (!other) return {};
    if (metric == kCall) return trouble_of(*baseline_, *other, kCall);
    const auto known = baseline_->metric(candidate_.run().metrics[metric].name);
    return known ? trouble_of(*baseline_, *other, *known) : Trouble{};
  }

  void visit(std::uint32_t row, std::size_t metric, CaseScore& score) {
    const Trouble now = trouble_of(candidate_, row, metric);
    if (!now.known) return;
    const Trouble then = before(row, metric);
    if (!now.failed && !(then.known && then.failed)) return;
    FailureState state = FailureState::kUnknown;
    if (!now.failed)
      state = FailureState::kFixed;
    else if (then.known)
      state = then.failed ? FailureState::kPersisting : FailureState::kNew;
    count(state);
    const Trouble& told = now.failed ? now : then;
    Gathered& group = groups_[Key{metric, std::string(told.error_code), reason_pattern(told.reason), state}];
    if (group.items.empty()) group.reason = ellipsize(told.reason, limits_.reason_bytes);
    group.items.push_back({row, state, now.value});
    if (!now.failed) return;
    if (score.metrics.empty()) {
      score.reason = told.reason;
      score.state = state;
    } else if (order_of(state) < order_of(score.state)) {
      score.state = state;
    }
    score.metrics.push_back(metric);
    score.lost += metric == kCall ? 1 : 1 - std::clamp(now.value, 0.0, 1.0);
  }

  void count(FailureState state) {
    switch (state) {
      case FailureState::kNew: ++out_.counts.fresh; break;
      case FailureState::kPersisting: ++out_.counts.persisting; break;
      case FailureState::kFixed: ++out_.counts.fixed; break;
      case FailureState::kUnknown: ++out_.counts.unknown; break;
    }
  }

  void merge_similar() {
    std::vector<std::pair<Key, Gathered>> all(std::make_move_iterator(groups_.begin()),
                                              std::make_move_iterator(groups_.end()));
    std::ranges::stable_sort(all, [](const auto& a, const auto& b) {
      return std::tuple(order_of(a.first.state), b.second.items.size()) <
             std::tuple(order_of(b.first.state), a.second.items.size());
    });
    for (auto& [key, group] : all) {
      const std::size_t tried = std::min(ordered_.size(), kMergeLimit);
      const auto end = ordered_.begin() + static_cast<std::ptrdiff_t>(tried);
      const auto same = std::find_if(ordered_.begin(), end, [&key](const auto& other) {
        return other.first.metric == key.metric && other.first.error_code == key.error_code &&
               other.first.state == key.state && nearly_same(other.first.pattern, key.pattern);
      });
      if (same == end)
        ordered_.emplace_back(std::move(key), std::move(group));
      else
        std::ranges::move(group.items, std::back_inserter(same->second.items));
    }
    std::ranges::stable_sort(ordered_, [](const auto& a, const auto& b) {
      return std::tuple(order_of(a.first.state), b.second.items.size()) <
             std::tuple(order_of(b.first.state), a.second.items.size());
    });
  }

  std::string name_of(std::size_t metric) const {
    return metric == kCall ? std::string() : candidate_.run().metrics[metric].name;
  }
  const GateAnswer& first_answer(std::uint32_t row) const {
    return candidate_.run().answers[candidate_.rows()[row].answers.front()];
  }

  void write_groups() {
    out_.groups_left_out = ordered_.size() > limits_.groups ? ordered_.size() - limits_.groups : 0;
    if (out_.groups_left_out > 0)
      ordered_.erase(ordered_.begin() + static_cast<std::ptrdiff_t>(limits_.groups), ordered_.end());
    for (auto& [key, gathered] : ordered_) {
      FailureGroup group;
      group.metric = name_of(key.metric);
      group.error_code = key.error_code;
      group.reason = std::move(gathered.reason);
      group.pattern = key.pattern;
      group.state = key.state;
      group.cases = gathered.items.size();
      std::map<std::string_view, std::size_t> tags;
      for (const Item& item : gathered.items)
        for (const std::string& tag : first_answer(item.row).tags) ++tags[tag];
      group.tags.assign(tags.begin(), tags.end());
      std::ranges::stable_sort(group.tags, [](const auto& a, const auto& b) { return a.second > b.second; });
      if (group.tags.size() > limits_.tags) group.tags.resize(limits_.tags);
      std::ranges::stable_sort(gathered.items, {}, &Item::value);
      for (const Item& item : gathered.items) {
        if (group.examples.size() == limits_.examples) break;
        group.examples.emplace_back(ellipsize(candidate_.rows()[item.row].id, 200));
      }
      out_.groups.push_back(std::move(group));
    }
  }

  // The answer that shows it: the first that fails.
  const GateAnswer& telling_answer(const CaseScore& score) const {
    for (const std::uint32_t at : candidate_.rows()[score.row].answers) {
      const GateAnswer& answer = candidate_.run().answers[at];
      if (!answer.error_code.empty()) {
        if (score.metrics.front() == kCall) return answer;
        continue;
      }
      if (score.metrics.front() == kCall) continue;
      const GateScore& one = answer.scores[score.metrics.front()];
      if (one.outcome == MetricOutcome::kError || (one.passed && !*one.passed)) return answer;
    }
    return first_answer(score.row);
  }

  void write_worst() {
    const std::size_t kept = std::min(scores_.size(), limits_.worst);
    out_.worst_left_out = scores_.size() - kept;
    const auto worse = [](const CaseScore& a, const CaseScore& b) {
      return std::tuple(order_of(a.state), -a.lost, a.row) < std::tuple(order_of(b.state), -b.lost, b.row);
    };
    std::ranges::partial_sort(scores_, scores_.begin() + static_cast<std::ptrdiff_t>(kept), worse);
    for (std::size_t i = 0; i < kept; ++i) {
      const CaseScore& score = scores_[i];
      const GateAnswer& answer = telling_answer(score);
      WorstCase out;
      out.row = score.row;
      out.case_id = ellipsize(answer.case_id, 200);
      out.tags = answer.tags;
      out.state = score.state;
      for (const std::size_t metric : score.metrics)
        out.failed.push_back(metric == kCall ? answer.error_code.empty() ? "error" : answer.error_code
                                             : name_of(metric));
      out.reason = ellipsize(score.reason, limits_.reason_bytes);
      out.input = ellipsize(answer.input, limits_.text_bytes);
      out.expected = ellipsize(answer.expected, limits_.text_bytes);
      out.answer = ellipsize(answer.answer, limits_.text_bytes);
      out.link = answer.link;
      out_.worst.push_back(std::move(out));
    }
  }

  const CaseTable& candidate_;
  const CaseTable* baseline_;
  const GateLimits& limits_;
  std::map<Key, Gathered> groups_;
  std::vector<std::pair<Key, Gathered>> ordered_;
  std::vector<CaseScore> scores_;
  Failures out_;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (static_cast<unsigned char>(c) >= 0x80);
}

// Where a quoted text that begins at `at` ends (behind its quote); npos if it doesn't.
std::size_t quoted_end(std::string_view text, std::size_t at) {
  constexpr std::pair<std::string_view, std::string_view> kQuotes[] = {
      {"\"", "\""}, {"'", "'"}, {"`", "`"}, {"“", "”"}, {"‘", "’"}, {"«", "»"}, {"„", "“"}};
  // An apostrophe within a word is none.
  if (at > 0 && text[at] == '\'' && is_word(text[at - 1])) return std::string_view::npos;
  for (const auto& [open, close] : kQuotes) {
    if (!text.substr(at).starts_with(open)) continue;
    const std::size_t end = text.find(close, at + open.size());
    return end == std::string_view::npos ? end : end + close.size();
  }
  return std::string_view::npos;
}

}  // namespace

std::string reason_pattern(std::string_view reason) {
  std::string out;
  for (std::size_t at = 0; at < reason.size() && out.size() < kPatternBytes;) {
    if (const std::size_t end = quoted_end(reason, at); end != std::string_view::npos) {
      out += "\"…\"";
      at = end;
      continue;
    }
    const char c = reason[at];
    if (is_word(c)) {
      std::size_t end = at;
      bool number = false;
      while (end < reason.size() &&
             (is_word(reason[end]) ||
              (number && (reason[end] == '.' || reason[end] == ',' || reason[end] == '-') &&
               end + 1 < reason.size() && is_word(reason[end + 1])))) {
        number = number || is_digit(reason[end]);
        ++end;
      }
      // A word with a digit in it is a number or an identifier.
      out += number ? "#" : to_lower(reason.substr(at, end - at));
      at = end;
      continue;
    }
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
    ++at;
  }
  return ellipsize(trim(out), kPatternBytes);
}

Failures group_failures(const CaseTable& candidate, const CaseTable* baseline, const GateLimits& limits) {
  return Grouping(candidate, baseline, limits).run();
}

}  // namespace slipway::evaluation
