// SPDX-License-Identifier: Apache-2.0
// slipway.lock: which versions the files of a project were made from.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/project.h"

namespace slipway::cli {

namespace fs = std::filesystem;

Result<Lock> read_lock(const Project& project) {
  const fs::path path = fs::path(project.directory) / kLockFile;
  Lock lock;
  std::error_code error;
  if (!fs::exists(path, error)) return lock;
  const std::string name(kLockFile);
  const auto damaged = [&] {
    return fail(ErrorCode::kInvalidArgument, "this is not what push and pull write", name,
                "take it from the repository's history, or delete it and pull");
  };
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.eof() && in.fail()) return fail(ErrorCode::kIo, "can't be read", name, "check who may read it");
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return damaged();
  for (const std::string_view part : {"assets", "registry"}) {
    const json::value* entries = parsed->as_object().if_contains(part);
    if (entries == nullptr && part == "registry") continue;  // an older program's
    if (entries == nullptr || !entries->is_object()) return damaged();
    for (const auto& [key, value] : entries->as_object()) {
      if (!value.is_object()) return damaged();
      const auto digest = optional_string(value.as_object(), "digest");
      const auto version = optional_integer(value.as_object(), "version");
      if (!digest || !*digest || !version || !*version) return damaged();
      lock[std::string(key)] = {**version, **digest};
    }
  }
  return lock;
}

Result<> write_lock(const Project& project, const Lock& lock) {
  // A line an entry, so that two people's pushes merge in Git.
  const auto part = [&lock](bool assets) {
    std::string text;
    for (const auto& [key, locked] : lock)
      if (assets == (key.find('/') != std::string::npos))
        text += fmt::format(R"({}    "{}": {{"version": {}, "digest": "{}"}})", text.empty() ? "\n" : ",\n",
                            key, locked.version, locked.digest);
    return text + (text.empty() ? "}" : "\n  }");
  };
  std::string text =
      "{\n  \"owner\": " + json::serialize(json::value(project.owner)) + ",\n  \"assets\": {" + part(true);
  const std::string registry = part(false);
  if (registry != "}") text += ",\n  \"registry\": {" + registry;
  return write_project_file((fs::path(project.directory) / kLockFile).string(), text + "\n}\n");
}

}  // namespace slipway::cli
