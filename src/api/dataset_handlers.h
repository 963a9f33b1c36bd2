// SPDX-License-Identifier: Apache-2.0
// The handlers of /datasets and /dataset-uploads, and what they share.
#pragma once

#include <string>
#include <vector>

#include "api/request.h"
#include "catalog/dataset_store.h"

namespace slipway::api {

// datasets_api.cc
rt::Task<void> get_dataset(Request& request);
rt::Task<void> list_cases(Request& request);
rt::Task<void> get_case(Request& request);
rt::Task<void> diff_dataset(Request& request);
rt::Task<void> export_dataset(Request& request);
// datasets_change_api.cc
rt::Task<void> change_cases(Request& request);
rt::Task<void> split_dataset(Request& request);
rt::Task<void> import_dataset(Request& request);
// dataset_uploads_api.cc
rt::Task<void> create_upload(Request& request);
rt::Task<void> get_upload(Request& request);
rt::Task<void> append_upload(Request& request);
rt::Task<void> import_upload(Request& request);
rt::Task<void> remove_upload(Request& request);
// datasets_invocations_api.cc
rt::Task<void> dataset_from_invocations(Request& request);

catalog::AssetName dataset_in_path(const Request& request);
// null or absent: no expectation where absent, "none yet" where null.
Result<std::optional<std::string>> read_expected_parent(const json::object& body);
// name, parent, message, description of a body.
Result<catalog::DatasetChange> read_dataset_change(catalog::AssetName name, const json::object& body);
Result<std::vector<std::string>> read_texts(const json::object& body, std::string_view name);

// How a file is to be read, and what becomes of it.
struct ImportPlan {
  catalog::ReadOptions options;
  catalog::ImportMode mode = catalog::ImportMode::kReplace;
};
Result<ImportPlan> read_import_plan(const Services& services, const json::object& body);
json::object import_json(const catalog::ImportedDataset& imported);
json::object stored_json(const catalog::StoredDataset& stored);
json::array import_problems_json(const catalog::ImportReport& report);

// At most `datasets.imports` at once on a node.
class ImportSlot {
 public:
  explicit ImportSlot(Services& services);
  ~ImportSlot();
  ImportSlot(const ImportSlot&) = delete;
  ImportSlot& operator=(const ImportSlot&) = delete;
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  Services& services_;
  bool taken_;
};
Error too_many_imports();

}  // namespace slipway::api
