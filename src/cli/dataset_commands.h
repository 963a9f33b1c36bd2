// SPDX-License-Identifier: Apache-2.0
// What the dataset commands share with others who bring files of cases to a server.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "cli/commands.h"

namespace slipway::cli {

// A dataset as people type it: "support/golden", "support/dataset/golden".
struct DatasetName {
  std::string owner;
  std::string name;
};
Result<DatasetName> parse_dataset_name(const std::string& text);

// Sends the file at `path` ("-": standard input) piece by piece and has it imported; `wanted` is the body of
// POST /dataset-uploads/{owner}/{id}/import: without a name the cases are stored for a push to come. Shows
// progress on a terminal. Gives the upload's `result`; problems of the file are one error that tells them
// all.
Result<json::object> upload_cases(const Context& context, const ApiClient& api, const std::string& owner,
                                  const std::string& path, json::object wanted);

// Sends a file in the same way and leaves it there, for whoever is told of the upload. Gives its id.
Result<std::string> upload_file(const Context& context, const ApiClient& api, const std::string& owner,
                                const std::string& path);

// Options that say how a file is to be read.
struct ReadingOptions {
  std::string format;
  std::vector<std::string> columns;  // "column=field"
};
void add_reading_options(Command command, ReadingOptions& options);
Result<std::map<std::string, std::string>> columns_of(const ReadingOptions& options);

// Commands that change datasets; dataset_change_commands.cc.
void add_dataset_changes(Command datasets, Context& context);

}  // namespace slipway::cli
