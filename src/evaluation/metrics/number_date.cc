// SPDX-License-Identifier: Apache-2.0
// Numbers and days that are found in texts.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/text.h"
#include "evaluation/metrics/text_metrics.h"
#include "evaluation/metrics/unicode.h"

namespace slipway::evaluation {

namespace {

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

// Reads digits from `at`, with groups of three after the separator if it is given.
std::string digits_at(std::string_view text, std::size_t& at, char separator) {
  std::string out;
  while (at < text.size() && is_ascii_digit(text[at])) out += text[at++];
  if (separator == 0 || out.empty() || out.size() > 3) return out;
  const auto is_group = [&](std::size_t from) {
    if (from + 3 > text.size()) return false;
    const bool three =
        is_ascii_digit(text[from]) && is_ascii_digit(text[from + 1]) && is_ascii_digit(text[from + 2]);
    return three && (from + 3 == text.size() || !is_ascii_digit(text[from + 3]));
  };
  while (at < text.size() && (text[at] == separator || text[at] == '\'' || text[at] == '_') &&
         is_group(at + 1)) {
    out += text.substr(at + 1, 3);
    at += 4;
  }
  return out;
}

// "1", "2.50", "1,234.5", "1e6", ".5" at `at`, which moves behind it.
double number_at(std::string_view text, std::size_t& at, char decimal) {
  std::string plain = digits_at(text, at, decimal == '.' ? ',' : '.');
  if (at + 1 < text.size() && text[at] == decimal && is_ascii_digit(text[at + 1])) {
    ++at;
    plain += '.';
    plain += digits_at(text, at, 0);
  }
  std::size_t exponent = at;
  if (exponent < text.size() && (text[exponent] == 'e' || text[exponent] == 'E')) {
    ++exponent;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && is_ascii_digit(text[exponent])) {
      plain += text.substr(at, exponent - at);
      at = exponent;
      plain += digits_at(text, at, 0);
    }
  }
  double value = 0;
  std::erase(plain, '+');
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  return error == std::errc{} ? value : HUGE_VAL;
}

// Months by the first letters that tell them apart, in English, German, French and Spanish.
// The names of each month in English, German, French and Spanish, folded.
constexpr auto kMonths = std::to_array<std::string_view>(
    {"january januar jänner janvier enero jan", "february februar février febrero feb",
     "march märz mars marzo mar", "april avril abril apr", "may mai mayo", "june juni juin junio jun",
     "july juli juillet julio jul", "august août agosto aug", "september septembre septiembre sept sep",
     "october oktober octobre octubre oct okt", "november novembre noviembre nov",
     "december dezember décembre diciembre dec dez"});

std::optional<unsigned> month_of(std::string_view word) {
  for (unsigned month = 1; month <= kMonths.size(); ++month) {
    const std::vector<std::string_view> names = split(kMonths[month - 1], ' ');
    if (std::ranges::find(names, word) != names.end()) return month;
  }
  return std::nullopt;
}

// A piece of a text: a number, a word, or a mark between them.
struct Piece {
  enum class Kind : std::uint8_t { kNumber, kWord, kMark } kind = Kind::kMark;
  std::string text;
  std::int64_t number = -1;
};

std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> out;
  const std::string lower = folded(text);
  for (std::size_t at = 0; at < lower.size();) {
    const std::size_t begin = at;
    if (is_ascii_digit(lower[at])) {
      while (at < lower.size() && is_ascii_digit(lower[at])) ++at;
      const std::string_view digits = std::string_view(lower).substr(begin, at - begin);
      out.push_back(
          {Piece::Kind::kNumber, std::string(digits), parse_integer<std::int64_t>(digits).value_or(-1)});
      continue;
    }
    const char32_t first = next_code_point(lower, at);
    if (is_space(first)) continue;
    Piece piece;
    if (is_letter(first)) {
      piece.kind = Piece::Kind::kWord;
      while (at < lower.size()) {
        std::size_t next = at;
        if (!is_letter(next_code_point(lower, next))) break;
        at = next;
      }
    }
    piece.text = lower.substr(begin, at - begin);
    out.push_back(std::move(piece));
  }
  return out;
}

std::optional<std::int64_t> day_number(std::int64_t year, std::int64_t month, std::int64_t day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

class DayReader {
 public:
  DayReader(std::span<const Piece> pieces, bool day_first) : pieces_(pieces), day_first_(day_first) {}

  // The day that starts at piece `at`.
  [[nodiscard]] std::optional<std::int64_t> read(std::size_t at) const {
    if (at > 0 && is_mark(at - 1, "-./") && is_number(at - 2))
      return std::nullopt;  // inside of a longer number
    if (is_number(at)) {
      if (const auto day = read_numeric(at)) return day;
      return read_day_month(at);
    }
    return read_month_day(at);
  }

 private:
  [[nodiscard]] bool is_number(std::size_t at) const {
    return at < pieces_.size() && pieces_[at].kind == Piece::Kind::kNumber;
  }
  [[nodiscard]] bool is_mark(std::size_t at, std::string_view marks) const {
    return at < pieces_.size() && pieces_[at].kind == Piece::Kind::kMark && pieces_[at].text.size() == 1 &&
           marks.find(pieces_[at].text) != std::string_view::npos;
  }
  [[nodiscard]] bool is_word(std::size_t at, std::initializer_list<std::string_view> words) const {
    return at < pieces_.size() && std::ranges::find(words, pieces_[at].text) != words.end();
  }
  [[nodiscard]] std::optional<unsigned> month(std::size_t at) const {
    if (at >= pieces_.size() || pieces_[at].kind != Piece::Kind::kWord) return std::nullopt;
    return month_of(pieces_[at].text);
  }
  [[nodiscard]] bool is_year(std::size_t at) const { return is_number(at) && pieces_[at].text.size() == 4; }

  // 2026-11-25, 25.11.2026, 11/25/2026
  [[nodiscard]] std::optional<std::int64_t> read_numeric(std::size_t at) const {
    if (!is_mark(at + 1, "-./") || !is_number(at + 2) || !is_mark(at + 3, pieces_[at + 1].text) ||
        !is_number(at + 4))
      return std::nullopt;
    const std::int64_t a = pieces_[at].number;
    const std::int64_t b = pieces_[at + 2].number;
    const std::int64_t c = pieces_[at + 4].number;
    if (is_year(at)) return day_number(a, b, c);
    if (!is_year(at + 4)) return std::nullopt;
    if (pieces_[at + 1].text == "/" && !day_first_ && b <= 31 && a <= 12) return day_number(c, a, b);
    if (b > 12) return day_number(c, a, b);
    return day_number(c, b, a);
  }
  // 25 November 2026, 25. November 2026, 25th of November, 2026, 25 de noviembre de 2026
  [[nodiscard]] std::optional<std::int64_t> read_day_month(std::size_t at) const {
    std::size_t next = at + 1;
    if (is_mark(next, ".") || is_word(next, {"st", "nd", "rd", "th", "er"})) ++next;
    if (is_word(next, {"of", "de"})) ++next;
    const auto found = month(next);
    if (!found) return std::nullopt;
    ++next;
    if (is_mark(next, ".,") || is_word(next, {"de"})) ++next;
    if (!is_year(next)) return std::nullopt;
    return day_number(pieces_[next].number, *found, pieces_[at].number);
  }
  // November 25, 2026; Nov. 25th 2026
  [[nodiscard]] std::optional<std::int64_t> read_month_day(std::size_t at) const {
    const auto found = month(at);
    if (!found) return std::nullopt;
    std::size_t next = at + 1;
    if (is_mark(next, ".")) ++next;
    if (!is_number(next)) return std::nullopt;
    const std::int64_t day = pieces_[next].number;
    ++next;
    if (is_word(next, {"st", "nd", "rd", "th"})) ++next;
    if (is_mark(next, ",")) ++next;
    if (!is_year(next)) return std::nullopt;
    return day_number(pieces_[next].number, *found, day);
  }

  std::span<const Piece> pieces_;
  bool day_first_;
};

std::vector<std::int64_t> days_in(std::string_view text, bool day_first) {
  const std::vector<Piece> pieces = pieces_of(text);
  const DayReader reader(pieces, day_first);
  std::vector<std::int64_t> out;
  for (std::size_t at = 0; at < pieces.size(); ++at)
    if (const auto day = reader.read(at)) out.push_back(*day);
  return out;
}

std::string shown_day(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace

std::vector<double> numbers_in(std::string_view text, char decimal) {
  std::vector<double> out;
  for (std::size_t at = 0; at < text.size();) {
    const bool starts_with_point = text[at] == decimal && at + 1 < text.size() &&
                                   is_ascii_digit(text[at + 1]) && (at == 0 || !is_ascii_digit(text[at - 1]));
    if (!is_ascii_digit(text[at]) && !starts_with_point) {
      ++at;
      continue;
    }
    const auto before = [&](std::size_t back) { return at >= back ? text[at - back] : ' '; };
    // A minus belongs to a number if nothing stands before it that it could join: "-5", not "3-5" or "a-5".
    const char ahead = before(2);
    const bool joins = is_ascii_digit(ahead) || ahead == ')' || static_cast<unsigned char>(ahead) >= 0x80 ||
                       (ahead >= 'a' && ahead <= 'z') || (ahead >= 'A' && ahead <= 'Z');
    bool negative = before(1) == '-' && !joins;
    // U+2212, the real minus.
    if (at >= 3 && text.substr(at - 3, 3) == "\xe2\x88\x92") negative = true;
    const double value = number_at(text, at, decimal);
    if (std::isfinite(value)) out.push_back(negative ? -value : value);
  }
  return out;
}

Score score_number(std::string_view answer, double expected, const NumberOptions& options) {
  const std::vector<double> found = numbers_in(answer, options.decimal);
  if (found.empty()) return {0, "The answer holds no number."};
  const double reach = std::max(options.absolute, options.relative * std::abs(expected));
  // Of a decimal fraction no last binary digit is asked for.
  const double slack = 1e-12 * std::max(std::abs(expected), 1e-300);
  const auto near = [&](double value) { return std::abs(value - expected) <= reach + slack; };
  std::span<const double> looked_at = found;
  if (options.which == WhichNumber::kFirst) looked_at = looked_at.first(1);
  if (options.which == WhichNumber::kLast) looked_at = looked_at.last(1);
  const auto hit = std::ranges::find_if(looked_at, near);
  if (hit != looked_at.end()) return {1, fmt::format("{} is near enough to {}.", *hit, expected)};
  const double closest =
      *std::ranges::min_element(looked_at, {}, [&](double value) { return std::abs(value - expected); });
  return {0, fmt::format("{} is not within {} of {}.", closest, reach, expected)};
}

std::optional<std::int64_t> parse_day(std::string_view text, bool day_first) {
  const std::vector<std::int64_t> days = days_in(text, day_first);
  return days.empty() ? std::nullopt : std::optional(days.front());
}

Result<Score> score_date(std::string_view answer, std::string_view expected, const DateOptions& options) {
  const auto wanted = parse_day(expected, options.day_first);
  if (!wanted)
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no day", ellipsize(expected, 80)),
                "expected", "Write it as 2026-11-25");
  const std::vector<std::int64_t> found = days_in(answer, options.day_first);
  if (found.empty()) return Score{0, "The answer holds no day."};
  const std::int64_t closest =
      *std::ranges::min_element(found, {}, [&](std::int64_t day) { return std::abs(day - *wanted); });
  const std::int64_t apart = std::abs(closest - *wanted);
  if (apart <= static_cast<std::int64_t>(options.days))
    return Score{1, fmt::format("The answer holds {}.", shown_day(closest))};
  return Score{0, fmt::format("The answer holds {}, not {}.", shown_day(closest), shown_day(*wanted))};
}

}  // namespace slipway::evaluation
