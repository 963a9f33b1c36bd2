// SPDX-License-Identifier: Apache-2.0
// Small things that several families of commands need.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/commands.h"

namespace slipway::cli {

// The strings of a list in a JSON object; empty if there is none.
std::vector<std::string> texts_of(const json::object& object, std::string_view field);
std::string join(const std::vector<std::string>& words, std::string_view between = " ");
// `items` of a list's answer.
Result<json::array> items_of(Result<json::value> answer);
// The items of a list's pages, up to `most`; `query` without limit and cursor.
Result<json::array> all_items(const ApiClient& api, const std::string& path,
                              std::vector<std::pair<std::string, std::string>> query,
                              std::size_t most = SIZE_MAX);
// How a list is shown to people: a row for each item, or a sentence where there is none.
struct ListView {
  std::vector<std::string> head;
  std::function<std::vector<Cell>(const json::object&)> row;
  std::string empty;  // without it an empty table is shown
};
// With --json the answer as it came. Gives the exit code.
int show_list(const Output& output, const Result<json::value>& answer, const ListView& view);
// The same for items gathered from pages.
int show_items(const Output& output, Result<json::array> items, const ListView& view);
// Says so if the answer to a change says that it is stored and not yet in force.
void note_unpublished(const Output& output, const json::object& answer);
// "90d" from now, or a moment in RFC 3339; null for "never" and nothing. `option` is named in errors.
Result<json::value> moment_of(const std::string& text, const std::string& option = "--expires");
// A YAML file's map as JSON. Errors say file, line and column.
Result<json::object> read_yaml_file(const std::string& path);
// Streams an export to standard output or, with `file`, to that file. Gives the exit code.
int save_stream(const Output& output, const ApiClient& api, const std::string& path, std::string_view accept,
                const std::string& file);

template <class Options>
void on_call(Command command, Context& context, std::shared_ptr<Options> options,
             int (*action)(const Context&, const Options&)) {
  command->callback([&context, options, action] {
    context.action = [&context, options, action] { return action(context, *options); };
  });
}

}  // namespace slipway::cli
