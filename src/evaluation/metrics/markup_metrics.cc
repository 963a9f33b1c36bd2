// SPDX-License-Identifier: Apache-2.0
// XML by expat, HTML by gumbo, SQL by SQLite.
#include <expat.h>
#include <fmt/format.h>
#include <gumbo.h>
#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/text.h"
#include "evaluation/metrics/structure_metrics.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kMarkupBytes = 16u << 20;
constexpr int kDepthLimit = 400;  // of HTML: gumbo's tree is walked and freed in recursion

struct ExpatDeleter {
  void operator()(XML_ParserStruct* parser) const { XML_ParserFree(parser); }
};

struct GumboDeleter {
  const GumboOptions* options;
  void operator()(GumboOutput* output) const { gumbo_destroy_output(options, output); }
};

bool has_element(const GumboNode& node) {
  if (node.type != GUMBO_NODE_ELEMENT && node.type != GUMBO_NODE_DOCUMENT) return false;
  // Elements that the parser adds by itself are not the answer's.
  if (node.type == GUMBO_NODE_ELEMENT && node.v.element.original_tag.length > 0) return true;
  const GumboVector& children =
      node.type == GUMBO_NODE_DOCUMENT ? node.v.document.children : node.v.element.children;
  for (unsigned i = 0; i < children.length; ++i)
    if (has_element(*static_cast<const GumboNode*>(children.data[i]))) return true;
  return false;
}

// Whether tags nest deeper than the limit, by a rough count that never counts too few.
bool nests_deeply(std::string_view html) {
  int depth = 0;
  for (std::size_t at = 0; (at = html.find('<', at)) != std::string_view::npos; ++at) {
    if (at + 1 >= html.size()) break;
    const char next = html[at + 1];
    if (next == '/')
      depth = std::max(0, depth - 1);
    else if ((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z'))
      ++depth;
    if (depth > kDepthLimit) return true;
  }
  return false;
}

struct SqliteDeleter {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};

// An empty database in memory that statements are prepared on, never run. One a thread: opening costs more
// than preparing.
sqlite3* empty_database() {
  thread_local const std::unique_ptr<sqlite3, SqliteDeleter> database = [] {
    sqlite3* made = nullptr;
    if (sqlite3_open_v2(":memory:", &made, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK) {
      sqlite3_close_v2(made);
      made = nullptr;
    }
    if (made != nullptr) {
      sqlite3_limit(made, SQLITE_LIMIT_SQL_LENGTH, static_cast<int>(kSqlBytes));
      sqlite3_limit(made, SQLITE_LIMIT_EXPR_DEPTH, 500);
    }
    return std::unique_ptr<sqlite3, SqliteDeleter>(made);
  }();
  return database.get();
}

// SQLite's messages where the text is no SQL; all others (no such table, column, function…) mean that it was
// understood.
bool is_syntax_error(std::string_view message) {
  return message.find("syntax error") != std::string_view::npos ||
         message.find("incomplete input") != std::string_view::npos ||
         message.starts_with("unrecognized token");
}

}  // namespace

Score score_xml(std::string_view answer) {
  const std::string_view code = code_in(answer);
  if (code.empty()) return {0, "The answer is empty, not XML."};
  if (code.size() > kMarkupBytes) return {0, "The answer is too long to be read as XML."};
  const std::unique_ptr<XML_ParserStruct, ExpatDeleter> parser(XML_ParserCreate("UTF-8"));
  if (XML_Parse(parser.get(), code.data(), static_cast<int>(code.size()), 1) == XML_STATUS_OK)
    return {1, "The answer is well-formed XML."};
  return {0,
          fmt::format("The answer is no well-formed XML: {} in line {}, column {}.",
                      XML_ErrorString(XML_GetErrorCode(parser.get())), XML_GetCurrentLineNumber(parser.get()),
                      XML_GetCurrentColumnNumber(parser.get()) + 1)};
}

Score score_html(std::string_view answer) {
  const std::string_view code = code_in(answer);
  if (code.size() > kMarkupBytes || nests_deeply(code))
    return {0, "The answer is too long or nests too deeply to be read as HTML."};
  const std::string beginning = to_lower(code.substr(0, 15));
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 1;
  if (!beginning.starts_with("<!doctype") && !beginning.starts_with("<html"))
    options.fragment_context = GUMBO_TAG_BODY;
  const std::unique_ptr<GumboOutput, GumboDeleter> output(
      gumbo_parse_with_options(&options, code.data(), code.size()), GumboDeleter{&options});
  // <html> without a doctype is no error to us, though it is one to the parser.
  const bool tolerated = beginning.starts_with("<html");
  if (output->errors.length > (tolerated ? 1U : 0U)) return {0, "The answer is no HTML without errors."};
  return verdict(has_element(*output->root), "The answer is HTML.", "The answer holds no element of HTML.");
}

Result<Score> score_sql(std::string_view answer) {
  std::string_view rest = code_in(answer);
  if (rest.size() > kSqlBytes)
    return fail(ErrorCode::kResourceExhausted, fmt::format("{} bytes of SQL are not read", rest.size()),
                "sql", fmt::format("At most {} are", kSqlBytes));
  sqlite3* database = empty_database();
  if (database == nullptr) return fail(ErrorCode::kInternal, "SQLite can't be opened", "sql");
  int statements = 0;
  while (!trim(rest).empty()) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    const int code =
        sqlite3_prepare_v2(database, rest.data(), static_cast<int>(rest.size()), &statement, &tail);
    const bool empty = code == SQLITE_OK && statement == nullptr;  // a comment, or only a semicolon
    sqlite3_finalize(statement);
    if (code == SQLITE_NOMEM)
      return fail(ErrorCode::kResourceExhausted, "there is no memory for SQLite", "sql");
    if (code != SQLITE_OK && is_syntax_error(sqlite3_errmsg(database)))
      return Score{0, fmt::format("The answer is no SQL: {}.",
                                  ellipsize(to_valid_utf8(sqlite3_errmsg(database)), 200))};
    if (!empty) ++statements;
    // Where a statement failed for want of a table, the rest begins after its semicolon.
    std::size_t used = tail == nullptr ? rest.size() : static_cast<std::size_t>(tail - rest.data());
    if (used == 0) used = rest.size();
    rest.remove_prefix(used);
  }
  return verdict(statements > 0,
                 fmt::format("The answer is SQL: {} statement{}.", statements, statements == 1 ? "" : "s"),
                 "The answer holds no statement of SQL.");
}

}  // namespace slipway::evaluation
