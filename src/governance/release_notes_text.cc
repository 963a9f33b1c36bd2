// SPDX-License-Identifier: Apache-2.0
// The notes as Markdown and HTML: one walk over the JSON, two writers.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/html.h"
#include "base/json_text.h"
#include "base/text.h"
#include "governance/release_notes.h"

namespace slipway::governance {

namespace {

// Unchanged text around a change that is shown; what is longer is left out in the middle.
constexpr std::size_t kContextBytes = 80;
constexpr std::size_t kValueBytes = 2'000;

// Numbers as people write them: 0.9 and not 9E-1.
std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json_text(value);
}

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr || found->is_null()) return {};
  return text_of(*found);
}

const json::array& list_at(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_array() ? found->as_array() : kNone;
}

const json::object& object_at(const json::object& object, std::string_view name) {
  static const json::object kNone;
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_object() ? found->as_object() : kNone;
}

void each(const json::array& items, const std::function<void(const json::object&)>& use) {
  for (const json::value& item : items)
    if (item.is_object()) use(item.as_object());
}

std::string joined(const json::array& items, std::string_view separator = ", ") {
  std::string out;
  for (const json::value& item : items)
    out += (out.empty() ? std::string() : std::string(separator)) + text_of(item);
  return out;
}

// What a writer is told. Every text is data: it is escaped by the writer.
class Page {
 public:
  virtual ~Page() = default;
  virtual void heading(int level, std::string_view text) = 0;
  virtual void paragraph(std::string_view text) = 0;  // may have several lines
  virtual void item(std::string_view term, std::string_view text) = 0;
  virtual void end_items() = 0;
  virtual void words(const json::array& pieces) = 0;
  virtual void table(const std::vector<std::string>& head,
                     const std::vector<std::vector<std::string>>& rows) = 0;
  std::string take() { return std::move(out_); }

 protected:
  std::string out_;
};

// A long unchanged piece, shortened where no change is near.
std::string shortened(std::string_view text, bool first, bool last) {
  if (text.size() <= 2 * kContextBytes + 20) return std::string(text);
  const auto boundary = [text](std::size_t at) {
    while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    return at;
  };
  const std::string head(text.substr(0, boundary(kContextBytes)));
  const std::string tail(text.substr(boundary(text.size() - kContextBytes)));
  if (first && last) return head + " … " + tail;
  if (first) return "… " + tail;
  if (last) return head + " …";
  return head + " … " + tail;
}

class Markdown final : public Page {
 public:
  void heading(int level, std::string_view text) override {
    out_ += fmt::format("{} {}\n\n", std::string(static_cast<std::size_t>(level), '#'), escape(text));
  }
  void paragraph(std::string_view text) override {
    for (const std::string_view line : split(text, '\n')) {
      const std::string_view shown = trim(line);
      out_ += shown.empty() ? "\n" : escape(shown) + "\n";
    }
    out_ += '\n';
  }
  void item(std::string_view term, std::string_view text) override {
    out_ += "- ";
    if (!term.empty()) out_ += fmt::format("**{}**{}", escape(term), text.empty() ? "" : ": ");
    out_ += escape(text) + "\n";
  }
  void end_items() override { out_ += '\n'; }
  // As wdiff writes it, in a fence that no text can close.
  void words(const json::array& pieces) override {
    std::string body;
    std::size_t at = 0;
    each(pieces, [&](const json::object& piece) {
      const std::string op = text_at(piece, "op");
      const std::string text = text_at(piece, "text");
      ++at;
      if (op == "equal") body += shortened(text, at == 1, at == pieces.size());
      if (op == "delete") body += "[-" + text + "-]";
      if (op == "insert") body += "{+" + text + "+}";
    });
    std::size_t longest = 2;
    std::size_t run = 0;
    for (const char c : body) {
      run = c == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    const std::string fence(longest + 1, '`');
    out_ += fmt::format("{}text\n{}\n{}\n\n", fence, body, fence);
  }
  void table(const std::vector<std::string>& head,
             const std::vector<std::vector<std::string>>& rows) override {
    const auto line = [this](const std::vector<std::string>& cells) {
      out_ += '|';
      for (const std::string& cell : cells) out_ += " " + escape(cell) + " |";
      out_ += '\n';
    };
    line(head);
    out_ += '|';
    for (std::size_t i = 0; i < head.size(); ++i) out_ += " --- |";
    out_ += '\n';
    for (const auto& row : rows) line(row);
    out_ += '\n';
  }

 private:
  // One line on which no character means anything to Markdown or HTML.
  static std::string escape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '\n' || c == '\r') {
        out += ' ';
        continue;
      }
      if (c == '<') {
        out += "&lt;";
        continue;
      }
      if (c == '&') {
        out += "&amp;";
        continue;
      }
      const bool inside = std::string_view("\\`*_[]|~@").find(c) != std::string_view::npos;
      // Only at the beginning do these start a heading, a list or a quotation.
      const bool leading = i == 0 && std::string_view("#>+-=").find(c) != std::string_view::npos;
      // snake_case and e-mail addresses stay readable: inside of words they mean nothing.
      const auto word = [](char at) {
        return (at >= 'a' && at <= 'z') || (at >= '0' && at <= '9') || (at >= 'A' && at <= 'Z');
      };
      const bool harmless =
          (c == '_' || c == '@') && i > 0 && i + 1 < text.size() && word(text[i - 1]) && word(text[i + 1]);
      if ((inside && !harmless) || leading) out += '\\';
      out += c;
    }
    return out;
  }
};

class Html final : public Page {
 public:
  void heading(int level, std::string_view text) override {
    out_ += fmt::format("<h{}>{}</h{}>\n", level, escape_html(text), level);
  }
  void paragraph(std::string_view text) override {
    out_ += "<p class=\"text\">" + escape_html(text) + "</p>\n";
  }
  void item(std::string_view term, std::string_view text) override {
    if (!std::exchange(in_list_, true)) out_ += "<ul>\n";
    out_ += "<li>";
    if (!term.empty()) out_ += "<b>" + escape_html(term) + "</b>" + (text.empty() ? "" : ": ");
    out_ += escape_html(text) + "</li>\n";
  }
  void end_items() override {
    if (std::exchange(in_list_, false)) out_ += "</ul>\n";
  }
  void words(const json::array& pieces) override {
    out_ += "<pre>";
    std::size_t at = 0;
    each(pieces, [&](const json::object& piece) {
      const std::string op = text_at(piece, "op");
      const std::string text = text_at(piece, "text");
      ++at;
      if (op == "equal") out_ += escape_html(shortened(text, at == 1, at == pieces.size()));
      if (op == "delete") out_ += "<del>" + escape_html(text) + "</del>";
      if (op == "insert") out_ += "<ins>" + escape_html(text) + "</ins>";
    });
    out_ += "</pre>\n";
  }
  void table(const std::vector<std::string>& head,
             const std::vector<std::vector<std::string>>& rows) override {
    out_ += "<table><thead><tr>";
    for (const std::string& cell : head) out_ += "<th scope=\"col\">" + escape_html(cell) + "</th>";
    out_ += "</tr></thead><tbody>\n";
    for (const auto& row : rows) {
      out_ += "<tr>";
      for (const std::string& cell : row) out_ += "<td>" + escape_html(cell) + "</td>";
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table>\n";
  }

 private:
  bool in_list_ = false;
};

void write_change(Page& page, const json::object& change) {
  const std::string path = text_at(change, "path");
  const std::string op = text_at(change, "op");
  if (const json::array& words = list_at(change, "words"); !words.empty()) {
    page.item(path.empty() ? "content" : path, "");
    page.end_items();
    page.words(words);
    return;
  }
  const std::string before = ellipsize(text_at(change, "before"), kValueBytes);
  const std::string after = ellipsize(text_at(change, "after"), kValueBytes);
  if (op == "add") page.item(path, "added: " + after);
  if (op == "remove") page.item(path, "removed: " + before);
  if (op == "change")
    page.item(path, (before.empty() ? "nothing" : before) + " → " + (after.empty() ? "nothing" : after));
}

void write_comparison(Page& page, const json::object& comparison, int level) {
  const std::string against = text_at(comparison, "against");
  const std::string where = joined(list_at(comparison, "environments"));
  if (against.empty())
    page.heading(level, "Nothing ran before");
  else if (where.empty())
    page.heading(level, fmt::format("Against release {}", against));
  else
    page.heading(level, fmt::format("Against {} (release {})", where, against));
  const json::array& added = list_at(comparison, "added");
  const json::array& removed = list_at(comparison, "removed");
  const json::array& changed = list_at(comparison, "changed");
  if (added.empty() && removed.empty() && changed.empty()) {
    page.paragraph("Nothing changes.");
    return;
  }
  const auto named = [&page](std::string_view word) {
    return [&page, word](const json::object& asset) {
      page.item(text_at(asset, "asset"), fmt::format("{}, version {}", word, text_at(asset, "version")));
    };
  };
  each(added, named("new"));
  each(removed, named("no longer used"));
  page.end_items();
  each(changed, [&](const json::object& asset) {
    page.heading(level + 1, fmt::format("{}: version {} → {}", text_at(asset, "asset"),
                                        text_at(asset, "from"), text_at(asset, "to")));
    std::string by = text_at(asset, "message");
    if (!by.empty()) page.paragraph(fmt::format("{} ({})", by, text_at(asset, "author")));
    each(list_at(asset, "changes"), [&page](const json::object& change) { write_change(page, change); });
    page.end_items();
  });
}

void write_evidence(Page& page, const json::object& notes, const json::object& use_case) {
  page.heading(2, "Thresholds and evidence");
  const json::array& thresholds = list_at(use_case, "thresholds");
  each(thresholds, [&page](const json::object& threshold) {
    const std::string words = text_at(threshold, "description");
    page.item(text_at(threshold, "metric"),
              fmt::format("{} {}{}", text_at(threshold, "op"), text_at(threshold, "value"),
                          words.empty() ? "" : " (" + words + ")"));
  });
  page.end_items();
  if (thresholds.empty()) page.paragraph("No thresholds were agreed.");
  std::vector<std::vector<std::string>> rows;
  each(list_at(notes, "evidence"), [&rows](const json::object& evidence) {
    std::string metrics;
    for (const auto& [name, value] : object_at(evidence, "metrics"))
      metrics += fmt::format("{}{} {}", metrics.empty() ? "" : ", ", std::string_view(name), text_of(value));
    const json::value* stale = evidence.if_contains("stale");
    rows.push_back({text_at(evidence, "name"),
                    text_at(evidence, "result") + (stale != nullptr && *stale == true ? " (stale)" : ""),
                    metrics, text_at(evidence, "summary"), text_at(evidence, "produced_at"),
                    text_at(evidence, "digest")});
  });
  if (rows.empty())
    page.paragraph("No evidence is attached.");
  else
    page.table({"Evaluation", "Result", "Metrics", "Summary", "Produced", "Run"}, rows);
  rows.clear();
  each(list_at(notes, "approvals"), [&rows](const json::object& approval) {
    rows.push_back({text_at(approval, "environment"), text_at(approval, "decision"), text_at(approval, "by"),
                    text_at(approval, "at"), text_at(approval, "comment")});
  });
  if (!rows.empty()) {
    page.heading(2, "Approvals");
    page.table({"Environment", "Decision", "By", "At", "Comment"}, rows);
  }
}

void write_responsibility(Page& page, const json::object& use_case) {
  page.heading(2, "Responsible AI");
  const auto show = [&](std::string_view title, std::string_view text) {
    page.item(title, text.empty() ? std::string_view("not stated") : text);
  };
  show("Use case", text_at(use_case, "name"));
  show("Owner", text_at(use_case, "owner"));
  show("State", text_at(use_case, "state"));
  show("Purpose", text_at(use_case, "purpose"));
  show("Users affected", text_at(use_case, "users_affected"));
  show("Data", joined(list_at(use_case, "data_classes")));
  show("Risk tier", text_at(use_case, "tier"));
  for (const json::value& reason : list_at(use_case, "risk_reasons"))
    if (reason.is_string()) page.item("Risk", std::string_view(reason.as_string()));
  show("Mitigations", text_at(use_case, "mitigations"));
  each(list_at(use_case, "kpis"), [&page](const json::object& kpi) {
    page.item("Goal", fmt::format("{} {} {} {}", text_at(kpi, "name"),
                                  text_at(kpi, "direction") == "at_most" ? "at most" : "at least",
                                  text_at(kpi, "target"), text_at(kpi, "unit")));
  });
  page.end_items();
  std::vector<std::vector<std::string>> rows;
  each(list_at(use_case, "reviews"), [&rows](const json::object& review) {
    rows.push_back({text_at(review, "discipline"), text_at(review, "state"), text_at(review, "reviewer"),
                    joined(list_at(review, "conditions"), "; "), text_at(review, "expires_at")});
  });
  if (!rows.empty()) page.table({"Review", "State", "By", "Conditions", "Expires"}, rows);
}

void write_notes(Page& page, const json::object& notes) {
  const json::object& use_case = object_at(notes, "use_case");
  page.heading(1, fmt::format("Release {}", text_at(notes, "release")));
  if (const std::string message = text_at(notes, "message"); !message.empty()) page.paragraph(message);
  page.item("Cut", fmt::format("{}{}{}", text_at(notes, "created_at"),
                               text_at(notes, "author").empty() ? "" : " by ", text_at(notes, "author")));
  page.item("Calls begin with", text_at(notes, "entry"));
  page.item("Digest", text_at(notes, "digest"));
  page.end_items();
  page.heading(2, "What changes");
  each(list_at(notes, "comparisons"),
       [&page](const json::object& comparison) { write_comparison(page, comparison, 3); });
  write_evidence(page, notes, use_case);
  page.heading(2, "Known limits");
  const std::string of_release = text_at(notes, "known_limits");
  const std::string of_use_case = text_at(use_case, "known_limits");
  if (!of_release.empty()) page.paragraph(of_release);
  if (!of_use_case.empty()) page.paragraph(of_use_case);
  if (of_release.empty() && of_use_case.empty()) page.paragraph("None are stated.");
  write_responsibility(page, use_case);
  page.heading(2, "Versions");
  std::vector<std::vector<std::string>> rows;
  each(list_at(notes, "assets"), [&rows](const json::object& asset) {
    rows.push_back({text_at(asset, "asset"), text_at(asset, "version"), text_at(asset, "author"),
                    text_at(asset, "digest")});
  });
  page.table({"Asset", "Version", "Author", "Digest"}, rows);
}

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 "
    "1rem;color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border:1px solid #ccc;padding:.3rem .6rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}pre{white-space:pre-wrap;background:#f5f5f5;"
    "padding:.8rem;"
    "border-radius:4px}.text{white-space:pre-wrap}ins{background:#d4f5d4;text-decoration:none}del{background:"
    "#fbdcdc}"
    "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}pre{background:#222}th,td{"
    "border-color:#444}"
    "ins{background:#1d4d1d}del{background:#5a2020}}";

}  // namespace

std::string notes_markdown(const json::object& notes) {
  Markdown page;
  write_notes(page, notes);
  return page.take();
}

std::string changes_markdown(const json::object& comparison) {
  Markdown page;
  write_comparison(page, comparison, 2);
  return page.take();
}

std::string notes_html(const json::object& notes) {
  Html page;
  write_notes(page, notes);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>Release "
      "{}</title>\n<style>{}</style>\n</head>\n<body>\n{}"
      "</body>\n</html>\n",
      escape_html(text_at(notes, "release")), kStyle, page.take());
}

}  // namespace slipway::governance
