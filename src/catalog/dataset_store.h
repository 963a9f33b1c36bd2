// SPDX-License-Identifier: Apache-2.0
// Datasets as assets: every change to their cases is a new version. Blocks: call it from rt::BlockingPool.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset_store.h"
#include "catalog/case_reader.h"
#include "catalog/case_store.h"

namespace slipway::catalog {

// What every change to a dataset says.
struct DatasetChange {
  AssetName name;
  // The version's digest it was made for; empty: there is none yet. Left out: the latest as it is when the
  // change begins. kConflict if another one came between.
  std::optional<std::string> parent = {};
  std::string message = {};
  std::optional<std::string> description = {};  // kept as it was where it is left out
};

enum class ImportMode : std::uint8_t { kReplace, kAppend };

struct StoredDataset {
  PushItem item;
  CaseSummary summary;
};

struct ImportedDataset {
  ImportReport report;
  CaseSummary summary;           // if there were no problems
  std::optional<PushItem> item;  // where a dataset was named
};

// Splits by share: "train" 0.8, "test" 0.2. A case (or its cluster) always falls to the same side for a seed.
struct SplitPlan {
  std::vector<std::pair<std::string, double>> shares;
  std::uint64_t seed = 1;
  bool only_unassigned = false;  // cases that have a split keep it
};

class DatasetStore {
 public:
  DatasetStore(AssetStore& assets, CaseStore& cases) : assets_(assets), cases_(cases) {}

  // Reads a file into a new version; without a name into the store only, for a push to come. Problems of the
  // file are in the report, and then nothing was changed.
  Result<ImportedDataset> import(const Author& author, const std::optional<DatasetChange>& change,
                                 ImportMode mode, ByteSource source, const ReadOptions& options,
                                 const std::function<bool(std::int64_t cases)>& progress = {});
  // Adds, replaces and removes cases. A dataset that is not there yet is made if cases are only added.
  Result<StoredDataset> edit(const Author& author, const DatasetChange& change, CaseEdits edits);
  Result<StoredDataset> split(const Author& author, const DatasetChange& change, const SplitPlan& plan);
  // A version of a dataset; kInvalidArgument for another kind of asset.
  Result<AssetVersion> version(const AssetName& name, std::string_view which);
  CaseStore& cases() { return cases_; }

 private:
  // The content that a change begins with; nullopt if there is none yet.
  Result<std::optional<AssetVersion>> begin(const DatasetChange& change);
  Result<PushItem> push(const Author& author, const DatasetChange& change,
                        const std::optional<AssetVersion>& before, const CaseSummary& summary,
                        std::string fallback_message);
  AssetStore& assets_;
  CaseStore& cases_;
};

// Which split a case falls to. kInvalidArgument for shares that are none.
Result<> check_shares(const SplitPlan& plan);
std::string split_of(const SplitPlan& plan, std::string_view key);

}  // namespace slipway::catalog
