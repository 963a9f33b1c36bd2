// SPDX-License-Identifier: Apache-2.0
#include "catalog/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/text.h"
#include "catalog/canonical.h"
#include "catalog/edit_script.h"
#include "catalog/schema_check.h"

namespace slipway::catalog {

namespace {

// Differences looked for before the old is shown as replaced by the new: memory and time grow with its
// square.
constexpr std::size_t kEditLimit = 500;
constexpr std::size_t kContextLines = 3;
// Texts of at least so many words are shown as replaced if less than one word in so many is in both.
constexpr std::size_t kWordsToJudge = 20;
constexpr std::size_t kAlikeShare = 8;

// Gives equal texts equal numbers.
class Numbering {
 public:
  std::vector<std::uint32_t> number(const std::vector<std::string_view>& texts) {
    std::vector<std::uint32_t> out;
    out.reserve(texts.size());
    for (const std::string_view text : texts)
      out.push_back(known_.emplace(text, static_cast<std::uint32_t>(known_.size())).first->second);
    return out;
  }

 private:
  std::unordered_map<std::string_view, std::uint32_t> known_;
};

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Words, runs of spaces, line ends, and each mark by itself.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    std::size_t end = 1;
    if (is_word_character(text[0])) {
      while (end < text.size() && is_word_character(text[end])) ++end;
    } else if (text[0] == ' ') {
      while (end < text.size() && text[end] == ' ') ++end;
    }
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::string joined(const std::vector<std::string_view>& texts, std::size_t from, std::size_t count) {
  std::string out;
  for (std::size_t i = from; i < from + count; ++i) out += texts[i];
  return out;
}

PieceOp piece_op(Edit::Op op) {
  switch (op) {
    case Edit::Op::kKeep: return PieceOp::kEqual;
    case Edit::Op::kInsert: return PieceOp::kInsert;
    case Edit::Op::kDelete: return PieceOp::kDelete;
  }
  return PieceOp::kEqual;
}

class ContentDiff {
 public:
  void compare(const json::value& before, const json::value& after, const std::string& path) {
    if (before.is_object() && after.is_object()) {
      compare_objects(before.get_object(), after.get_object(), path);
    } else if (before.is_array() && after.is_array()) {
      compare_arrays(before.get_array(), after.get_array(), path);
    } else if (canonical_json(before) != canonical_json(after)) {
      ContentChange change{path, ChangeOp::kChange, before, after, {}};
      if (before.is_string() && after.is_string())
        change.words = diff_words(before.get_string(), after.get_string());
      changes_.push_back(std::move(change));
    }
  }

  std::vector<ContentChange> take() { return std::move(changes_); }

 private:
  void compare_objects(const json::object& before, const json::object& after, const std::string& path) {
    for (const json::key_value_pair& member : before) {
      const std::string inner = member_path(path, member.key());
      if (const json::value* now = after.if_contains(member.key()))
        compare(member.value(), *now, inner);
      else
        changes_.push_back({inner, ChangeOp::kRemove, member.value(), nullptr, {}});
    }
    for (const json::key_value_pair& member : after)
      if (!before.contains(member.key()))
        changes_.push_back({member_path(path, member.key()), ChangeOp::kAdd, nullptr, member.value(), {}});
  }

  // Items that stay are found first; of what goes and comes at one place, as many as there are of both are
  // changes.
  void compare_arrays(const json::array& before, const json::array& after, const std::string& path) {
    std::vector<std::string> texts;
    for (const json::value& item : before) texts.push_back(canonical_json(item));
    for (const json::value& item : after) texts.push_back(canonical_json(item));
    const auto half = texts.begin() + static_cast<std::ptrdiff_t>(before.size());
    Numbering numbering;
    const auto old_numbers = numbering.number({texts.begin(), half});
    const auto new_numbers = numbering.number({half, texts.end()});
    const std::vector<Edit> script = edit_script(old_numbers, new_numbers, kEditLimit);
    for (std::size_t i = 0; i < script.size(); ++i) {
      const Edit& edit = script[i];
      if (edit.op == Edit::Op::kKeep) continue;
      std::size_t paired = 0;
      if (edit.op == Edit::Op::kDelete && i + 1 < script.size() && script[i + 1].op == Edit::Op::kInsert) {
        const Edit& insert = script[++i];
        paired = std::min(edit.count, insert.count);
        for (std::size_t j = 0; j < paired; ++j)
          compare(before[edit.before + j], after[insert.after + j], item_path(path, insert.after + j));
        for (std::size_t j = paired; j < insert.count; ++j)
          changes_.push_back(
              {item_path(path, insert.after + j), ChangeOp::kAdd, nullptr, after[insert.after + j], {}});
      }
      for (std::size_t j = paired; j < edit.count; ++j) {
        if (edit.op == Edit::Op::kDelete)
          changes_.push_back(
              {item_path(path, edit.before + j), ChangeOp::kRemove, before[edit.before + j], nullptr, {}});
        else
          changes_.push_back(
              {item_path(path, edit.after + j), ChangeOp::kAdd, nullptr, after[edit.after + j], {}});
      }
    }
  }

  std::vector<ContentChange> changes_;
};

// Lines with their line ends; the last may have none.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    out.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

void append_line(std::string& out, char mark, std::string_view line) {
  out += mark;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

// "12,3", "12" for one line, "11,0" for none behind line 11.
std::string range_text(std::size_t from, std::size_t count) {
  if (count == 1) return std::to_string(from + 1);
  return fmt::format("{},{}", count == 0 ? from : from + 1, count);
}

struct Line {
  char mark;
  std::size_t before;
  std::size_t after;
  std::string_view text;
};

std::vector<Line> marked_lines(const std::vector<Edit>& script, const std::vector<std::string_view>& before,
                               const std::vector<std::string_view>& after) {
  std::vector<Line> lines;
  for (const Edit& edit : script)
    for (std::size_t i = 0; i < edit.count; ++i) {
      if (edit.op == Edit::Op::kKeep)
        lines.push_back({' ', edit.before + i, edit.after + i, before[edit.before + i]});
      else if (edit.op == Edit::Op::kDelete)
        lines.push_back({'-', edit.before + i, edit.after, before[edit.before + i]});
      else
        lines.push_back({'+', edit.before, edit.after + i, after[edit.after + i]});
    }
  return lines;
}

// Lines [from, to) as a hunk.
void append_hunk(std::string& out, const std::vector<Line>& lines, std::size_t from, std::size_t to) {
  std::size_t removed = 0;
  std::size_t added = 0;
  for (std::size_t i = from; i < to; ++i) {
    removed += lines[i].mark != '+';
    added += lines[i].mark != '-';
  }
  out += fmt::format("@@ -{} +{} @@\n", range_text(lines[from].before, removed),
                     range_text(lines[from].after, added));
  for (std::size_t i = from; i < to; ++i) append_line(out, lines[i].mark, lines[i].text);
}

// Whether two texts share so few words that only their spaces and commas would be told as kept.
bool hardly_alike(const std::vector<std::string_view>& old_words,
                  const std::vector<std::string_view>& new_words,
                  const std::vector<std::uint32_t>& old_numbers,
                  const std::vector<std::uint32_t>& new_numbers) {
  std::map<std::uint32_t, std::size_t> left;
  std::size_t words = 0;
  for (std::size_t i = 0; i < old_words.size(); ++i)
    if (is_word_character(old_words[i][0])) ++left[old_numbers[i]], ++words;
  std::size_t shared = 0;
  std::size_t come = 0;
  for (std::size_t i = 0; i < new_words.size(); ++i) {
    if (!is_word_character(new_words[i][0])) continue;
    ++come;
    const auto found = left.find(new_numbers[i]);
    if (found == left.end() || found->second == 0) continue;
    --found->second;
    ++shared;
  }
  const std::size_t fewer = std::min(words, come);
  return fewer >= kWordsToJudge && shared * kAlikeShare < fewer;
}

}  // namespace

std::string_view to_string(PieceOp op) {
  switch (op) {
    case PieceOp::kEqual: return "equal";
    case PieceOp::kInsert: return "insert";
    case PieceOp::kDelete: return "delete";
  }
  return "equal";
}

std::string_view to_string(ChangeOp op) {
  switch (op) {
    case ChangeOp::kAdd: return "add";
    case ChangeOp::kRemove: return "remove";
    case ChangeOp::kChange: return "change";
  }
  return "change";
}

std::vector<ContentChange> diff_content(const json::value& before, const json::value& after) {
  ContentDiff diff;
  diff.compare(before, after, {});
  return diff.take();
}

std::vector<Piece> diff_words(std::string_view before, std::string_view after) {
  const std::vector<std::string_view> old_words = words_of(before);
  const std::vector<std::string_view> new_words = words_of(after);
  Numbering numbering;
  const auto old_numbers = numbering.number(old_words);
  const auto new_numbers = numbering.number(new_words);
  if (hardly_alike(old_words, new_words, old_numbers, new_numbers))
    return {{piece_op(Edit::Op::kDelete), std::string(before)},
            {piece_op(Edit::Op::kInsert), std::string(after)}};
  std::vector<Piece> pieces;
  for (const Edit& edit : edit_script(old_numbers, new_numbers, kEditLimit))
    pieces.push_back({piece_op(edit.op), edit.op == Edit::Op::kInsert
                                             ? joined(new_words, edit.after, edit.count)
                                             : joined(old_words, edit.before, edit.count)});
  return pieces;
}

std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name) {
  if (before == after) return {};
  const std::vector<std::string_view> old_lines = lines_of(before);
  const std::vector<std::string_view> new_lines = lines_of(after);
  Numbering numbering;
  const auto old_numbers = numbering.number(old_lines);
  const auto new_numbers = numbering.number(new_lines);
  const std::vector<Line> lines =
      marked_lines(edit_script(old_numbers, new_numbers, kEditLimit), old_lines, new_lines);
  std::string out = fmt::format("--- {}\n+++ {}\n", before_name, after_name);
  const auto next_change = [&](std::size_t from) {
    while (from < lines.size() && lines[from].mark == ' ') ++from;
    return from;
  };
  for (std::size_t change = next_change(0); change < lines.size();) {
    const std::size_t from = change - std::min(change, kContextLines);
    std::size_t last = change;
    // Changes whose contexts would touch share a hunk.
    for (std::size_t next = change; next < lines.size() && next - last <= 2 * kContextLines + 1;
         next = next_change(next + 1))
      last = next;
    append_hunk(out, lines, from, std::min(lines.size(), last + 1 + kContextLines));
    change = next_change(last + 1);
  }
  return out;
}

}  // namespace slipway::catalog
