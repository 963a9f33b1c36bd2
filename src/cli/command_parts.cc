// SPDX-License-Identifier: Apache-2.0
#include "cli/command_parts.h"

#include <algorithm>
#include <fstream>
#include <ostream>
#include <sstream>

#include "base/clock.h"
#include "base/settings.h"
#include "base/text.h"
#include "base/yaml_json.h"

namespace slipway::cli {

std::vector<std::string> texts_of(const json::object& object, std::string_view field) {
  std::vector<std::string> out;
  if (const json::value* list = object.if_contains(field); list != nullptr && list->is_array())
    for (const json::value& item : list->as_array())
      if (item.is_string()) out.emplace_back(item.as_string());
  return out;
}

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : between).append(word);
  return out;
}

Result<json::array> items_of(Result<json::value> answer) {
  if (!answer) return fail(std::move(answer).error());
  if (answer->is_object())
    if (json::value* items = answer->as_object().if_contains("items"); items != nullptr && items->is_array())
      return std::move(items->as_array());
  return fail(ErrorCode::kInternal, "the server's answer has no items", "",
              "is this the address of a Slipway server?");
}

Result<json::array> all_items(const ApiClient& api, const std::string& path,
                              std::vector<std::pair<std::string, std::string>> query, std::size_t most) {
  constexpr std::size_t kPage = 500;  // what a server gives at once
  query.emplace_back("limit", "");
  query.emplace_back("cursor", "");
  std::string& limit = query[query.size() - 2].second;
  std::string& cursor = query.back().second;
  json::array all;
  do {
    limit = std::to_string(std::min(most - all.size(), kPage));
    const auto page = api.get(path + query_string(query));
    SLIPWAY_ASSIGN(json::array items, items_of(page));
    for (json::value& item : items) all.push_back(std::move(item));
    cursor = text_of(page->as_object(), "next_cursor");
  } while (!cursor.empty() && all.size() < most);
  return all;
}

int show_list(const Output& output, const Result<json::value>& answer, const ListView& view) {
  const auto items = items_of(answer);
  if (!items) return output.fail(items.error());
  if (output.json()) {
    output.print_json(*answer);
    return kExitDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json::value& item : *items)
    if (item.is_object()) rows.push_back(view.row(item.as_object()));
  if (rows.empty() && !view.empty.empty())
    output.note(view.empty);
  else
    output.table(view.head, rows);
  return kExitDone;
}

int show_items(const Output& output, Result<json::array> items, const ListView& view) {
  if (!items) return output.fail(items.error());
  return show_list(output, json::value(json::object{{"items", std::move(*items)}}), view);
}

void note_unpublished(const Output& output, const json::object& answer) {
  const json::value* published = answer.if_contains("published");
  if (published != nullptr && *published == json::value(false))
    output.note(
        "It is stored, but the server can't read its store just now: it is in force as soon as it can");
}

Result<json::value> moment_of(const std::string& text, const std::string& option) {
  if (text.empty() || text == "never") return json::value(nullptr);
  if (const auto seconds = parse_duration(text, DurationUnit::kSeconds))
    return json::value(format_time_us(unix_now_us() + static_cast<std::int64_t>(*seconds) * 1'000'000));
  if (const auto moment = parse_time_us(text)) return json::value(format_time_us(*moment));
  return fail(ErrorCode::kInvalidArgument, "\"" + text + "\" is neither a duration nor a time", option,
              "for instance 90d, or 2027-01-31T00:00:00Z");
}

Result<json::object> read_yaml_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return fail(ErrorCode::kInvalidArgument, "can't be read", path, "check the name and who may read it");
  SLIPWAY_ASSIGN(const YamlNode node, parse_yaml(text.str(), path));
  if (!node.is_map()) return fail(ErrorCode::kInvalidArgument, "must be a map of fields", path);
  return std::move(yaml_to_json(node).as_object());
}

int save_stream(const Output& output, const ApiClient& api, const std::string& path, std::string_view accept,
                const std::string& file) {
  std::ofstream opened;
  if (!file.empty()) {
    opened.open(file, std::ios::binary | std::ios::trunc);
    if (!opened)
      return output.fail({ErrorCode::kIo, "can't be written", file, "check folder and permissions"});
  }
  std::ostream& target = file.empty() ? output.out() : opened;
  std::uint64_t bytes = 0;
  const auto done = api.stream(path, accept, [&](std::string_view piece) {
    bytes += piece.size();
    target.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return target.good();
  });
  target.flush();
  if (!done) return output.fail(done.error());
  if (!target.good())
    return output.fail(
        {ErrorCode::kIo, "the export could not be written to its end", file, "is the disk full?"});
  if (!file.empty() && output.json())
    output.print_json({{"file", file}, {"bytes", bytes}});
  else if (!file.empty())
    output.note("Wrote " + std::to_string(bytes) + " bytes to " + file);
  return kExitDone;
}

}  // namespace slipway::cli
