// SPDX-License-Identifier: Apache-2.0
// Reads cases from files of many kinds, piece by piece: memory holds one case at a time (YAML and JSON
// documents are read as a whole and bounded). Nothing here touches a store. Not thread-safe.
//
// Formats: "jsonl" (one case a line, as exported), "openai" (evals and fine-tuning files), "bedrock" (model
// and RAG evaluation), "promptfoo" (tests as YAML, JSON, JSONL or CSV), "csv", "tsv".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "catalog/case.h"
#include "catalog/case_cutter.h"

namespace slipway::catalog {

// The next piece of a file, valid until the next call; empty at the end.
using ByteSource = std::function<Result<std::string_view>()>;
ByteSource source_of(std::string_view text);

struct ReadOptions {
  std::string format = {};     // empty: found out by name and content
  std::string file_name = {};  // for its ending
  // CSV: column → "id", "input", "input.NAME", "expected", "context", "tags", "split", "cluster",
  // "provenance", "metadata.NAME" or "ignore". Columns that are not named are guessed.
  std::map<std::string, std::string> columns = {};
  std::string split = {};              // of cases that have none
  std::vector<std::string> tags = {};  // for all
  CaseLimits limits = {};
};

const std::vector<std::string>& case_formats();

struct ReadCase {
  std::uint64_t line = 0;        // from 1; where it begins
  json::object fields;           // for make_case()
  std::optional<Error> problem;  // instead: what is wrong with this one; reading can go on
};

class CaseReader {
 public:
  virtual ~CaseReader() = default;
  // Nothing at the end. An error where reading can't go on; `where` is "line 12".
  virtual Result<std::optional<ReadCase>> next() = 0;
  [[nodiscard]] virtual std::string format() const = 0;
};

// Finds out the format. kInvalidArgument if it can't.
Result<std::unique_ptr<CaseReader>> read_cases(ByteSource source, const ReadOptions& options);

struct ImportReport {
  std::string format;
  std::int64_t read = 0;           // cases in the file
  std::int64_t repeated = 0;       // the same case without an id again: left out
  std::vector<Error> problems;     // the first kProblemsTold; if there is one, nothing was imported
  std::int64_t problem_count = 0;  // of all that were found before giving up
};
inline constexpr std::size_t kProblemsTold = 20;
inline constexpr std::int64_t kProblemsSought = 1'000;

// Reads everything and hands each sound case to `take`, which says whether it was new. `progress` is called
// now and then; false stops (kCancelled).
Result<ImportReport> import_cases(CaseReader& reader, const ReadOptions& options,
                                  const std::function<Result<bool>(const Case&)>& take,
                                  const std::function<bool(std::int64_t cases)>& progress = {});

// The problems as one error: the first, its line, and how many more there are.
Error import_error(const ImportReport& report);

// What a file would become: the same digest that the store would give. `report` tells of problems.
Result<CaseSummary> summarize_cases(ByteSource source, const ReadOptions& options, ImportReport& report);

}  // namespace slipway::catalog
