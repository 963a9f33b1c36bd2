// SPDX-License-Identifier: Apache-2.0
#include "cli/project.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "base/yaml_json.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProjectFile = "project.yaml";
constexpr std::string_view kUseCaseFile = "use-case.yaml";
constexpr std::size_t kAssetLimit = 5'000;

std::string in_mebibytes(std::uintmax_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1u << 20));
}

// A link that leads out of the project would push whatever file of this machine it points to.
Result<fs::path> real_path(const fs::path& directory, const std::string& file) {
  std::error_code error;
  const fs::path real = fs::canonical(directory / file, error);
  if (error)
    return fail(ErrorCode::kIo, "can't be read: " + error.message(), file, "check the file and its links");
  const fs::path root = fs::canonical(directory, error);
  const auto [end, unused] = std::ranges::mismatch(root, real);
  if (error || end != root.end())
    return fail(ErrorCode::kInvalidArgument, "is a link out of the project's folder", file,
                "put what it points to there instead");
  return real;
}

Result<std::string> read_text(const fs::path& directory, const std::string& file) {
  SLIPWAY_ASSIGN(const fs::path path, real_path(directory, file));
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return fail(ErrorCode::kInvalidArgument, "is no file", file);
  const auto size = fs::file_size(path, error);
  if (error) return fail(ErrorCode::kIo, "can't be read: " + error.message(), file, "check who may read it");
  if (size > kProjectFileBytes)
    return fail(
        ErrorCode::kResourceExhausted,
        fmt::format("has {}; a file has at most {}", in_mebibytes(size), in_mebibytes(kProjectFileBytes)),
        file, "split it; a dataset's cases may be in a file of their own, of any size: file: golden.jsonl");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (!in || !(out << in.rdbuf() || size == 0))
    return fail(ErrorCode::kIo, "can't be read", file, "check who may read it");
  return out.str();
}

Result<ProjectFile> read_yaml(const fs::path& directory, const std::string& file) {
  SLIPWAY_ASSIGN(const std::string text, read_text(directory, file));
  return parse_project_file(file, text);
}

bool is_asset_name(std::string_view name) {
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 100 && word(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return word(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_yaml(const fs::path& path) { return path.extension() == ".yaml" || path.extension() == ".yml"; }

// Names of the YAML files in a folder, in order. What would silently be left out is told.
std::vector<std::string> files_in(const fs::path& directory, const std::string& folder,
                                  Complaints& complaints) {
  std::error_code error;
  std::vector<std::string> files;
  if (!fs::exists(fs::symlink_status(directory / folder, error))) return files;
  if (const auto inside = real_path(directory, folder + "/"); !inside) {
    complaints.push_back(inside.error());
    return files;
  }
  for (const auto& entry : fs::directory_iterator(directory / folder, error)) {
    const std::string name = entry.path().filename().string();
    if (is_yaml(entry.path())) {
      files.push_back(name);
    } else if (std::error_code unknown; entry.is_directory(unknown) && !name.starts_with('.')) {
      complaints.push_back({ErrorCode::kInvalidArgument, "folders within a kind's folder are not read",
                            folder + "/" + name + "/", "move its files up to " + folder + "/"});
    }
  }
  if (error)
    complaints.push_back({ErrorCode::kIo, "can't be read: " + error.message(), folder + "/",
                          "check that it is a folder, and who may read it"});
  std::ranges::sort(files);
  return files;
}

Result<ProjectAsset> read_asset(const Project& project, const CasesContentFunction& cases_content,
                                const std::string& kind, const std::string& file) {
  const fs::path directory(project.directory);
  const std::string name = fs::path(file).stem().string();
  if (!is_asset_name(name))
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' can't be an asset's name", name), file,
                "use lower-case letters, digits, '.', '_' and '-', beginning with a letter or digit");
  if (const ProjectAsset* other = project.find(kind + "/" + name))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("there is a second file for {}/{}: {}", kind, name, other->file), file,
                "keep one of the two");
  SLIPWAY_ASSIGN(const std::string text, read_text(directory, file));
  const CasesBeside beside{[&directory](const std::string& cases) { return read_text(directory, cases); },
                           [&directory, &cases_content](const std::string& cases) -> Result<json::object> {
                             SLIPWAY_ASSIGN(const fs::path path, real_path(directory, cases));
                             return summarize_cases(cases_content, path.string(), cases);
                           }};
  return parse_asset(kind, file, text, beside);
}

void read_assets(Project& project, const CasesContentFunction& cases_content, Complaints& complaints) {
  for (const auto& [kind, folder] : kind_folders()) {
    const std::string where(folder);
    for (const std::string& name : files_in(project.directory, where, complaints)) {
      auto asset = read_asset(project, cases_content, std::string(kind), where + "/" + name);
      if (!asset) {
        complaints.push_back(std::move(asset).error());
        continue;
      }
      project.places[asset->key()] = project.assets.size();
      project.assets.push_back(std::move(*asset));
    }
  }
  if (project.assets.size() > kAssetLimit)
    complaints.push_back(
        {ErrorCode::kInvalidArgument,
         fmt::format("{} assets are more than the {} of one project", project.assets.size(), kAssetLimit),
         project.directory, "split the project"});
}

// "use_case.yml" for use-case.yaml: what only looks like another name.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name.substr(0, name.rfind('.')))
    if (c != '-' && c != '_' && c != ' ') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return plain;
}

// A slip of the pen in the name of a folder, or of a file above them, would silently leave something out.
void check_folders(const Project& project, Complaints& complaints) {
  std::vector<std::string> folders = {"policies"};
  for (const auto& [kind, folder] : kind_folders()) folders.emplace_back(folder);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(project.directory, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && std::ranges::find(folders, name) == folders.end()) {
      if (const auto near = nearest(name, folders))
        complaints.push_back({ErrorCode::kInvalidArgument, "no kind of asset lives in this folder",
                              name + "/", fmt::format("did you mean {}/?", *near)});
    } else if (is_yaml(entry.path()) && name != kUseCaseFile &&
               plain_name(name) == plain_name(kUseCaseFile)) {
      complaints.push_back({ErrorCode::kInvalidArgument, "no file of a project is called so", name,
                            fmt::format("did you mean {}?", kUseCaseFile)});
    }
  }
}

void read_policy(Project& project, const std::string& file, Complaints& complaints) {
  const std::string environment = fs::path(file).stem().string();
  const auto read = [&]() -> Result<> {
    if (const auto other = project.policies.find(environment); other != project.policies.end())
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("there is a second policy for {}: {}", environment, other->second.file), file,
                  "keep one of the two");
    SLIPWAY_ASSIGN(const std::string text, read_text(project.directory, file));
    SLIPWAY_ASSIGN(ProjectFile policy, parse_policy_file(project.owner, file, text));
    project.policies.emplace(environment, std::move(policy));
    return {};
  };
  if (auto done = read(); !done) complaints.push_back(std::move(done).error());
}

void read_others(Project& project, Complaints& complaints) {
  const fs::path directory(project.directory);
  std::error_code error;
  if (fs::exists(fs::symlink_status(directory / kUseCaseFile, error))) {
    if (auto read = read_yaml(directory, std::string(kUseCaseFile)))
      project.use_case = std::move(*read);
    else
      complaints.push_back(std::move(read).error());
  }
  for (const std::string& name : files_in(directory, "policies", complaints))
    read_policy(project, "policies/" + name, complaints);
}

Result<fs::path> find_directory(const std::string& directory) {
  std::error_code error;
  const fs::path start = fs::absolute(directory.empty() ? "." : directory, error);
  if (fs::is_directory(start, error)) {
    for (fs::path at = start;; at = at.parent_path()) {
      if (fs::exists(at / kProjectFile, error)) return at;
      if (!at.has_relative_path()) break;
    }
  }
  return fail(ErrorCode::kNotFound, "there is no project.yaml here or in a folder above",
              directory.empty() ? "." : directory, "slipway init makes one; or name the project's folder");
}

}  // namespace

Result<ProjectFile> parse_project_file(const std::string& file, std::string_view text) {
  SLIPWAY_TRY(check_utf8(file, text));
  ProjectFile read;
  read.file = file;
  SLIPWAY_ASSIGN(read.node, parse_yaml(text, file, {.size_bytes = kProjectFileBytes}));
  if (!read.node.is_map())
    return fail(ErrorCode::kInvalidArgument, "must be a map, but is " + std::string(read.node.kind_name()),
                file + ":1:1", "begin with a line like 'description: …'");
  read.content = yaml_to_json(read.node).as_object();
  return read;
}

Result<ProjectFile> parse_policy_file(const std::string& owner, const std::string& file,
                                      std::string_view text) {
  SLIPWAY_ASSIGN(ProjectFile read, parse_project_file(file, text));
  const std::pair<const char*, std::string> said[] = {{"owner", owner},
                                                      {"environment", fs::path(file).stem().string()}};
  for (const auto& [field, wanted] : said) {
    const json::value* value = read.content.if_contains(field);
    if (value != nullptr && *value != json::value(wanted))
      return fail(ErrorCode::kInvalidArgument, fmt::format("the {} of this file is {}", field, wanted),
                  place_of(read, field), "write that, or leave the line out");
    read.content.erase(field);
  }
  read.content.erase("format");
  return read;
}

Result<> check_owner(const std::string& owner, const std::string& where) {
  if (is_asset_name(owner) && owner.find_first_of("._") == std::string::npos) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is neither a use case's slug nor shared", ellipsize(owner, 100)), where,
              "a slug has lower-case letters, digits and hyphens");
}

namespace {

// Owner of the project in `directory`.
Result<std::string> read_owner(const fs::path& directory, Complaints& complaints) {
  SLIPWAY_ASSIGN(const ProjectFile head, read_yaml(directory, std::string(kProjectFile)));
  for (const YamlNode::Member& member : head.node.members)
    if (member.key != "owner") {
      const std::vector<std::string> known = {"owner"};
      const auto near = nearest(member.key, known);
      complaints.push_back({ErrorCode::kInvalidArgument,
                            fmt::format("there is no '{}' in a project", member.key),
                            fmt::format("{}:{}:{}", kProjectFile, member.line, member.column),
                            near ? "did you mean owner?" : "only owner belongs here"});
    }
  const std::string where = place_of(head, "owner");
  const json::value* named = head.content.if_contains("owner");
  if (named == nullptr || !named->is_string())
    return fail(ErrorCode::kInvalidArgument, "owner is missing", where,
                "name the use case's slug, or shared: 'owner: support-assistant'");
  std::string owner(named->as_string());
  SLIPWAY_TRY(check_owner(owner, where));
  return owner;
}

}  // namespace

const std::vector<KindFolder>& kind_folders() {
  static const std::vector<KindFolder> kFolders = {
      {"model", "models"},        {"prompt", "prompts"},   {"guardrail", "guardrails"},
      {"tool", "tools"},          {"flow", "flows"},       {"agent", "agents"},
      {"knowledge", "knowledge"}, {"dataset", "datasets"}, {"evaluation", "evaluations"}};
  return kFolders;
}

std::string file_of(std::string_view key) {
  const std::size_t slash = std::min(key.find('/'), key.size());
  const auto folder = std::ranges::find(kind_folders(), key.substr(0, slash), &KindFolder::kind);
  const std::string_view name = key.substr(std::min(slash + 1, key.size()));
  if (folder == kind_folders().end() || !is_asset_name(name)) return {};
  return fmt::format("{}/{}.yaml", folder->folder, name);
}

const ProjectAsset* Project::find(std::string_view key) const {
  const auto found = places.find(key);
  return found == places.end() ? nullptr : &assets[found->second];
}

Result<ProjectAsset> parse_asset(const std::string& kind, const std::string& file, std::string_view text,
                                 const CasesBeside& beside) {
  ProjectAsset asset;
  asset.kind = kind;
  asset.name = fs::path(file).stem().string();
  SLIPWAY_ASSIGN(static_cast<ProjectFile&>(asset), parse_project_file(file, text));
  SLIPWAY_TRY(take_cases_in(asset, beside));
  return asset;
}

Result<Project> read_project(const std::string& directory, const CasesContentFunction& cases_content,
                             Complaints& complaints) {
  SLIPWAY_ASSIGN(const fs::path found, find_directory(directory));
  Project project;
  project.directory = found.string();
  SLIPWAY_ASSIGN(project.owner, read_owner(found, complaints));
  read_assets(project, cases_content, complaints);
  check_folders(project, complaints);
  read_others(project, complaints);
  return project;
}

bool names_a_file(std::string_view text) { return text.ends_with(".yaml") || text.ends_with(".yml"); }

Result<std::string> full_asset_name(const std::string& text) {
  const auto parts = split(text, '/');
  if (!names_a_file(text) && parts.size() == 3 && std::ranges::none_of(parts, &std::string_view::empty))
    return text;
  if (!names_a_file(text) && parts.size() != 2)
    return fail(ErrorCode::kInvalidArgument, "\"" + text + "\" is not the name of an asset", "",
                "write owner/kind/name, for instance support-assistant/prompt/answer, or name its file");
  // A deleted file's folder may be gone, too.
  std::error_code error;
  const fs::path path = fs::absolute(text, error);
  SLIPWAY_ASSIGN(const fs::path found,
                 find_directory(names_a_file(text) ? path.parent_path().parent_path().string() : ""));
  Complaints ignored;  // an unknown field of project.yaml is of no matter here
  SLIPWAY_ASSIGN(const std::string owner, read_owner(found, ignored));
  if (!names_a_file(text)) return owner + "/" + text;
  const std::string folder = path.parent_path().filename().string();
  const auto kind = std::ranges::find(kind_folders(), folder, &KindFolder::folder);
  if (kind == kind_folders().end())
    return fail(ErrorCode::kInvalidArgument, "is no asset's file: its folder says no kind", text,
                "assets are in prompts/, models/ and so on");
  return fmt::format("{}/{}/{}", owner, kind->kind, path.stem().string());
}

std::string place_of(const ProjectAsset& asset, std::string_view path) {
  if (!asset.cases_file.empty() && path.starts_with("cases[")) {
    const std::size_t end = path.find(']');
    const auto index = parse_integer<std::size_t>(path.substr(6, std::min(end, path.size()) - 6));
    if (index && *index < asset.case_lines.size())
      return fmt::format("{}:{}", asset.cases_file, asset.case_lines[*index]);
  }
  return place_of(static_cast<const ProjectFile&>(asset), path);
}

std::string place_of(const ProjectFile& file, std::string_view path) {
  const YamlNode* node = &file.node;
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  while (!path.empty() && node != nullptr) {
    if (path.front() == '[') {
      const std::size_t end = path.find(']');
      const auto index = parse_integer<std::size_t>(path.substr(1, end - 1));
      if (end == std::string_view::npos || !index || !node->is_list() || *index >= node->items.size()) break;
      node = &node->items[*index];
      path.remove_prefix(end + 1);
      if (node->line != 0) line = node->line, column = node->column;
    } else {
      if (path.front() == '.') path.remove_prefix(1);
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      const std::string_view key = path.substr(0, end);
      path.remove_prefix(end);
      const auto member = std::ranges::find(node->members, key, &YamlNode::Member::key);
      if (member == node->members.end()) break;
      line = member->line;
      column = member->column;
      node = &member->value;
    }
  }
  return fmt::format("{}:{}:{}", file.file, line, column);
}

Result<> write_project_file(const std::string& path, std::string_view text) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  const std::string beside = path + ".new";
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out) fs::rename(beside, path, error);
  if (!out || error)
    return fail(ErrorCode::kIo, "can't be written", path,
                "check who may write here and the disk's free space");
  return {};
}

}  // namespace slipway::cli
