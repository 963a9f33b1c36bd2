// SPDX-License-Identifier: Apache-2.0
// A plan for terminals and for pull requests.
#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "cli/project_plan.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kShownBytes = 400;        // of one value
constexpr std::size_t kMarkdownBytes = 60'000;  // GitHub takes 65,536 characters in a comment

std::string value_text(const json::value& value) {
  return ellipsize(value.is_string() ? std::string(value.as_string()) : json_text(value), kShownBytes);
}

std::string mark_of(const std::string& action) {
  if (action == "create") return "+";
  if (action == "update") return "~";
  if (action == "deprecate") return "-";
  if (action == "conflict") return "!";
  return " ";
}

Color color_of(const std::string& action) {
  if (action == "create") return Color::kGreen;
  if (action == "update") return Color::kYellow;
  if (action == "deprecate" || action == "conflict") return Color::kRed;
  return Color::kDim;
}

std::string title_of(const PlannedItem& item) {
  std::string title = item.what;
  if (item.version > 0)
    title += item.action == "unchanged" || item.action == "deprecate"
                 ? fmt::format(" (version {})", item.version)
                 : fmt::format(" → version {}", item.version);
  return title;
}

// Why a change can't be pushed, and the ways out.
std::string conflict_text(const Plan& plan, const PlannedItem& item) {
  const std::string who = item.latest_by.empty() ? "Somebody" : item.latest_by;
  if (!item.asset)
    return fmt::format(
        "{} made version {} of it on the server at {}, and this file was not made from it: "
        "pull --force takes theirs, push --force yours",
        who, item.stored_version, short_time(item.latest_at));
  if (item.latest_digest.empty())
    return "The server has no such asset, though this one was made from a version of it: push with --force";
  const bool deleted = item.digest.empty();
  return fmt::format(
      "{} pushed {} at {}, and {}: {}{}", who,
      deleted ? fmt::format("version {}", item.version) : fmt::format("version {}", item.version - 1),
      short_time(item.latest_at),
      deleted ? "the file was deleted without knowing it" : "this file was not made from it",
      "pull --force takes theirs, push --force yours",
      plan.shallow ? " (Git's history is cut off here; with all of it this may be no conflict: "
                     "fetch-depth: 0)"
                   : "");
}

// In the order of the summary, with a word for each.
std::string counts(const Plan& plan) {
  std::string text;
  for (const std::string_view action : {"create", "update", "deprecate"})
    if (action != "deprecate" || plan.count(action) > 0)
      text += fmt::format("{}{} to {}", text.empty() ? "" : ", ", plan.count(action), action);
  text += fmt::format(", {} unchanged", plan.count("unchanged"));
  if (plan.count("conflict") > 0) text += fmt::format(", {} in conflict", plan.count("conflict"));
  return text;
}

// Unchanged stretches of a text are shortened to what is next to a change: before the first one to their end,
// behind the last one to their beginning.
std::string shortened(const std::string& text, bool first, bool last) {
  constexpr std::size_t kAround = 40;
  if (text.size() <= 2 * kAround + 3) return text;
  const std::string_view all(text);
  std::size_t head = kAround;
  while (head > 0 && (static_cast<unsigned char>(all[head]) & 0xc0) == 0x80) --head;
  std::size_t tail = all.size() - kAround;
  while (tail < all.size() && (static_cast<unsigned char>(all[tail]) & 0xc0) == 0x80) ++tail;
  return (first ? "" : std::string(all.substr(0, head)) + " ") + "…" +
         (last ? "" : " " + std::string(all.substr(tail)));
}

void print_words(const Output& output, const json::array& words) {
  std::string line = "        ";
  std::size_t number = 0;
  for (const json::value& word : words) {
    ++number;
    const json::object* piece = word.if_object();
    if (piece == nullptr) continue;
    const std::string op = text_of(*piece, "op");
    const std::string text = text_of(*piece, "text");
    if (op == "delete")
      line += output.paint("[-" + printable(text) + "-]", Color::kRed);
    else if (op == "insert")
      line += output.paint("{+" + printable(text) + "+}", Color::kGreen);
    else
      line += printable(shortened(text, number == 1, number == words.size()));
  }
  while (line.ends_with(' ')) line.pop_back();
  output.line(line);
}

void print_change(const Output& output, const PlannedChange& change) {
  output.line("      " + printable(change.path) +
              (change.op == "remove" ? "  (taken away)"
               : change.op == "add"  ? "  (new)"
                                     : ""));
  if (!change.words.empty()) {
    print_words(output, change.words);
    return;
  }
  if (change.op != "add")
    output.line(output.paint("        - " + printable(value_text(change.before)), Color::kRed));
  if (change.op != "remove")
    output.line(output.paint("        + " + printable(value_text(change.after)), Color::kGreen));
}

std::string fenced(const PlannedChange& change) {
  std::string text = "```diff\n";
  const auto add = [&text](char mark, const json::value& value) {
    const std::string shown = value_text(value);
    for (std::string_view line : split(shown, '\n')) {
      // A fence within a value must not end ours.
      std::string safe(line);
      if (safe.starts_with("```")) safe.insert(0, "\xe2\x80\x8b");
      text += fmt::format("{} {}\n", mark, safe);
    }
  };
  if (change.op != "add") add('-', change.before);
  if (change.op != "remove") add('+', change.after);
  return text + "```\n";
}

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '`' || c == '<' || c == '*' || c == '_' || c == '[') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string summary(const Plan& plan) {
  if (!plan.problems.empty())
    return fmt::format("{} problem{} to mend before anything can be pushed", plan.problems.size(),
                       plan.problems.size() == 1 ? "" : "s");
  if (plan.empty()) return "Nothing would change";
  return counts(plan);
}

}  // namespace

void print_plan(const Output& output, const Plan& plan) {
  for (const PlannedItem& item : plan.items) {
    if (item.action == "unchanged") continue;
    output.line(
        output.paint(fmt::format("  {} {}", mark_of(item.action), title_of(item)), color_of(item.action)) +
        "  " + output.paint(item.file, Color::kDim));
    if (item.action == "conflict") output.line("      " + printable(conflict_text(plan, item)));
    // What is new as a whole stands in its file.
    if (item.action == "create") continue;
    for (const PlannedChange& change : item.changes) print_change(output, change);
  }
  for (const Error& problem : plan.problems) output.note(printable(problem.describe()));
  for (const Error& notice : plan.notices) output.note(printable(notice.describe()));
  if (!plan.only_there.empty()) {
    output.line("  Only on the server; slipway pull brings them here, slipway asset deprecate retires them:");
    for (const std::string& key : plan.only_there) output.line("      " + key);
  }
  output.line(summary(plan) + ".");
}

std::string plan_markdown(const Plan& plan) {
  std::string text = fmt::format("<!-- slipway plan: {} -->\n### Slipway plan for `{}`\n\n**{}.**\n",
                                 plan.owner, plan.owner, summary(plan));
  for (const Error& problem : plan.problems)
    text += fmt::format("\n- `{}` {}", problem.where,
                        markdown_cell(problem.message + (problem.hint.empty() ? "" : ". " + problem.hint)));
  for (const Error& notice : plan.notices)
    text += fmt::format("\n- `{}` {}", notice.where, markdown_cell(notice.message));
  if (!plan.problems.empty() || !plan.notices.empty()) text += '\n';
  if (!plan.empty()) text += "\n| | what | file |\n|---|---|---|\n";
  for (const PlannedItem& item : plan.items)
    if (item.action != "unchanged")
      text += fmt::format("| {} | {} | {} |\n", item.action, markdown_cell(title_of(item)),
                          markdown_cell(item.file));
  for (const PlannedItem& item : plan.items) {
    if (item.action == "unchanged" || (item.changes.empty() && item.action != "conflict")) continue;
    std::string detail = fmt::format("\n<details><summary>{}</summary>\n\n", item.what);
    if (item.action == "conflict") detail += markdown_cell(conflict_text(plan, item)) + "\n\n";
    for (const PlannedChange& change : item.changes)
      detail += fmt::format("`{}`\n\n{}\n", change.path, fenced(change));
    detail += "</details>\n";
    if (text.size() + detail.size() > kMarkdownBytes) {
      text += "\nThe other changes are too many to show here; `slipway plan` shows all.\n";
      break;
    }
    text += detail;
  }
  return text;
}

}  // namespace slipway::cli
