// SPDX-License-Identifier: Apache-2.0
// A folder of YAML files that holds the assets of one owner: the form in which they live in a Git repository.
//   project.yaml              owner: a use case's slug or "shared"
//   use-case.yaml             what the registry says of the use case (optional)
//   policies/ENV.yaml         the owner's policy for an environment (optional)
//   prompts/NAME.yaml …       one asset a file; the folder says its kind
//   slipway.lock              the versions these files were made from, written by push and pull
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/yaml.h"
#include "cli/cli.h"

namespace slipway::cli {

// What a complaint is about: "prompts/answer.yaml:12:5", and what to do.
using Complaints = std::vector<Error>;

struct ProjectFile {
  std::string file;  // relative to the project's folder, for messages
  YamlNode node;     // remembers where everything stood
  json::object content;
};

struct ProjectAsset : ProjectFile {
  std::string kind;                       // "prompt"
  std::string name;                       // "answer"
  std::string cases_file;                 // where a dataset's cases are kept; empty: in the file itself
  std::vector<std::uint32_t> case_lines;  // of each of them there
  bool cases_apart = false;               // they are too many for the content, which only has their digest

  [[nodiscard]] std::string key() const { return kind + "/" + name; }
};

struct Project {
  std::string directory;
  std::string owner;
  std::vector<ProjectAsset> assets;  // by kind and name
  std::optional<ProjectFile> use_case;
  std::map<std::string, ProjectFile> policies;                  // by environment
  std::map<std::string, std::size_t, std::less<>> places = {};  // of each key in `assets`

  [[nodiscard]] const ProjectAsset* find(std::string_view key) const;
};

// Folder and kind of every kind of asset, in the order in which people read them.
struct KindFolder {
  std::string_view kind;
  std::string_view folder;
};
const std::vector<KindFolder>& kind_folders();
// "prompts/answer.yaml" of "prompt/answer"; empty for a kind or a name that can't be.
std::string file_of(std::string_view key);

// A dataset's file of more bytes or cases is not part of its content: read piece by piece, and uploaded.
inline constexpr std::size_t kProjectFileBytes = 4u << 20;
inline constexpr std::size_t kInsideCases = 10'000;

// Reads the project in `directory`, or in the nearest folder above it that has a project.yaml. Everything
// that is wrong with single files goes to `complaints`; an Error means that there is no project to speak of.
// `cases_content` reads large files of cases.
Result<Project> read_project(const std::string& directory, const CasesContentFunction& cases_content,
                             Complaints& complaints);

// Whether `owner` is a slug or "shared".
Result<> check_owner(const std::string& owner, const std::string& where);
// "owner/kind/name" of "owner/kind/name", of "kind/name" in a project's folder, or of an asset's file.
Result<std::string> full_asset_name(const std::string& text);
bool names_a_file(std::string_view text);

// How a dataset's file of cases is read.
struct CasesBeside {
  // Its text; kResourceExhausted if that is longer than kProjectFileBytes.
  std::function<Result<std::string>(const std::string& file)> read;
  // What the content has of one that is too large.
  std::function<Result<json::object>(const std::string& file)> summarize;
};
// The content of an asset's file.
Result<ProjectAsset> parse_asset(const std::string& kind, const std::string& file, std::string_view text,
                                 const CasesBeside& beside);
// The content of a file that is no asset's.
Result<ProjectFile> parse_project_file(const std::string& file, std::string_view text);
// The same of a policy's file, which may name its owner and environment: they must be the project's and the
// file's.
Result<ProjectFile> parse_policy_file(const std::string& owner, const std::string& file,
                                      std::string_view text);
// What a large file of cases adds to a dataset's content. Errors name `file` and the line.
Result<json::object> summarize_cases(const CasesContentFunction& cases_content, const std::string& path,
                                     const std::string& file);
// `file: golden.jsonl` of a dataset becomes its cases, or their digest.
Result<> take_cases_in(ProjectAsset& asset, const CasesBeside& beside);
Result<> check_utf8(const std::string& file, std::string_view text);

// "file:line:column" of `path` ("messages[2].content") in a file, or of the nearest thing around it.
std::string place_of(const ProjectFile& file, std::string_view path);
std::string place_of(const ProjectAsset& asset, std::string_view path);

// Writes `text` beside `path` and renames it there; makes the folders.
Result<> write_project_file(const std::string& path, std::string_view text);

// ---- slipway.lock

struct LockedVersion {
  std::int64_t version = 0;
  std::string digest;
};
// By what a plan calls it: "kind/name", "use case", "policy for prod".
using Lock = std::map<std::string, LockedVersion>;

inline constexpr std::string_view kLockFile = "slipway.lock";

// Empty where there is none.
Result<Lock> read_lock(const Project& project);
Result<> write_lock(const Project& project, const Lock& lock);

}  // namespace slipway::cli
