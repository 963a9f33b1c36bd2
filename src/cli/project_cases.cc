// SPDX-License-Identifier: Apache-2.0
// Cases of a dataset in a file of their own: part of the content where they are few, else only their digest.
#include <fmt/format.h>

#include <filesystem>

#include "base/text.h"
#include "cli/project.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

bool has_many_lines(std::string_view text) {
  std::size_t cases = 0;
  for (const std::string_view line : split(text, '\n'))
    if (!trim(line).empty() && ++cases > kInsideCases) return true;
  return false;
}

}  // namespace

// Where a text in another encoding gives itself away.
Result<> check_utf8(const std::string& file, std::string_view text) {
  if (is_valid_utf8(text)) return {};
  std::size_t number = 1;
  for (const std::string_view line : split(text, '\n')) {
    if (!is_valid_utf8(line)) break;
    ++number;
  }
  return fail(ErrorCode::kInvalidArgument, "is not UTF-8", fmt::format("{}:{}", file, number),
              "save it in that encoding");
}

// `file: golden.jsonl` of a dataset becomes its cases.
Result<> take_cases_in(ProjectAsset& asset, const CasesBeside& beside) {
  const json::value* named = asset.content.if_contains("file");
  if (asset.kind != "dataset" || named == nullptr) return {};
  if (!named->is_string() || named->as_string().find("..") != std::string::npos)
    return fail(ErrorCode::kInvalidArgument, "file must name a JSONL file beside this one",
                place_of(asset, "file"), "for instance file: golden.jsonl");
  asset.cases_file = (fs::path(asset.file).parent_path() / std::string(named->as_string())).string();
  const auto text = beside.read(asset.cases_file);
  if (!text && text.error().code != ErrorCode::kResourceExhausted) return fail(text.error());
  if (!text || has_many_lines(*text)) {
    SLIPWAY_ASSIGN(json::object summary, beside.summarize(asset.cases_file));
    asset.content.erase("file");
    for (auto& member : summary) asset.content[member.key()] = member.value();
    asset.cases_apart = true;
    return {};
  }
  SLIPWAY_TRY(check_utf8(asset.cases_file, *text));
  json::array cases;
  std::uint32_t number = 0;
  for (const std::string_view line : split(*text, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    auto value = parse_json(line);
    if (!value)
      return fail(ErrorCode::kInvalidArgument, value.error().describe(),
                  fmt::format("{}:{}", asset.cases_file, number), "each line is one case as a JSON object");
    cases.push_back(std::move(*value));
    asset.case_lines.push_back(number);
  }
  asset.content.erase("file");
  asset.content["cases"] = std::move(cases);
  return {};
}

Result<json::object> summarize_cases(const CasesContentFunction& cases_content, const std::string& path,
                                     const std::string& file) {
  if (!cases_content) return fail(ErrorCode::kInternal, "this build can't read large files of cases", file);
  auto content = cases_content({path, "jsonl", {}});
  if (content) return content;
  Error error = content.error();
  constexpr std::string_view kLine = ", line ";
  const std::size_t line = error.where.rfind(kLine);
  error.where = file + (line == std::string::npos ? "" : ":" + error.where.substr(line + kLine.size()));
  return fail(std::move(error));
}

}  // namespace slipway::cli
