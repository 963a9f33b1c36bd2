// SPDX-License-Identifier: Apache-2.0
// What can be said of an answer's text alone. Each gives a value between 0 and 1 (unless said otherwise) with
// the reason in one sentence. What can't be computed is an Error. Compiled parts (patterns, folded texts) are
// made once and used for any number of answers, from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evaluation/judges/judge_note.h"

namespace re2 {
class RE2;
}

namespace slipway::evaluation {

// What a metric says of one answer.
struct Score {
  double value = 0;
  std::string reason;
  std::vector<JudgeNote> notes = {};  // of judges: what each of them said
};

// 1 with `yes`, or 0 with `no`.
Score verdict(bool passed, std::string yes, std::string no);

// A text in the form in which it is compared: composed (NFC), and with its case folded if case doesn't
// matter.
class ComparedText {
 public:
  ComparedText(std::string_view text, bool ignore_case);
  [[nodiscard]] const std::string& form() const { return form_; }
  [[nodiscard]] const std::string& shown() const { return shown_; }  // as given, shortened

 private:
  std::string form_;
  std::string shown_;
};
std::string compared_form(std::string_view text, bool ignore_case);

// `answer` and the forms have been made with the same `ignore_case`.
Score score_equals(std::string_view answer_form, const ComparedText& expected);
// kAll: every one is there; the value is the share that is. kAny: at least one.
enum class Quantifier : std::uint8_t { kAll, kAny };
Score score_contains(std::string_view answer_form, const std::vector<ComparedText>& needles,
                     Quantifier quantifier);
Score score_starts_with(std::string_view answer_form, const std::vector<ComparedText>& beginnings);
Score score_ends_with(std::string_view answer_form, const std::vector<ComparedText>& endings);

// A pattern of RE2: linear time on any text, no look-around, no back-references.
class AnswerPattern {
 public:
  struct Options {
    bool whole = false;  // the whole answer, not a part of it
    bool ignore_case = false;
  };
  // kInvalidArgument with RE2's own words.
  static Result<AnswerPattern> compile(std::string_view pattern, const Options& options);
  [[nodiscard]] Score score(std::string_view answer) const;
  [[nodiscard]] bool finds(std::string_view answer) const;
  // The text of the first group (or of the whole match), if it is found.
  [[nodiscard]] std::optional<std::string> first(std::string_view answer) const;

 private:
  std::shared_ptr<const re2::RE2> pattern_;
  bool whole_ = false;
};

// Words (pieces between white space that hold a letter or digit) or code points within the limits.
struct CountLimits {
  std::optional<std::uint64_t> min;
  std::optional<std::uint64_t> max;
};
Score score_word_count(std::string_view answer, const CountLimits& limits);
Score score_character_count(std::string_view answer, const CountLimits& limits);

// Insertions, deletions and replacements of code points that make one text of the other (Levenshtein 1966),
// by Myers' bit vectors (1999): 64 cells at a time. kResourceExhausted for texts of more than kDistanceLimit
// code points.
inline constexpr std::size_t kDistanceLimit = 100'000;
Result<std::size_t> levenshtein(std::string_view a, std::string_view b);
// 1 less the distance over the longer text's length; two empty texts: 1.
Result<Score> score_levenshtein(std::string_view answer, std::string_view expected, bool ignore_case);

// 1 if the answer declines to help: its beginning (kRefusalBytes) holds one of the phrases of refusal.cc, in
// English, German, French, Spanish, Italian, Portuguese or Dutch, or one of `more`; or the provider says so.
inline constexpr std::size_t kRefusalBytes = 600;
Score score_refusal(std::string_view answer, bool provider_refused, const std::vector<ComparedText>& more);

// A number in the answer against an expected one.
enum class WhichNumber : std::uint8_t { kAny, kFirst, kLast };
struct NumberOptions {
  double absolute = 0;  // within this much
  double relative = 0;  // or within this share of the expected one
  WhichNumber which = WhichNumber::kAny;
  char decimal = '.';  // or ','
};
Score score_number(std::string_view answer, double expected, const NumberOptions& options);
// The numbers of a text: digits with separators of thousands, a decimal part, an exponent, a sign before.
std::vector<double> numbers_in(std::string_view text, char decimal);

// A day in the answer: 2026-11-25, 25.11.2026, 11/25/2026, 25 November 2026, Nov 25, 2026 …; a word of the
// month in English, German, French or Spanish. `days`: so many days apart at most.
struct DateOptions {
  bool day_first = true;  // of 3/4/2026, where no other reading is possible
  std::uint32_t days = 0;
};
std::optional<std::int64_t> parse_day(std::string_view text, bool day_first);  // days since 1970-01-01
Result<Score> score_date(std::string_view answer, std::string_view expected, const DateOptions& options);

}  // namespace slipway::evaluation
