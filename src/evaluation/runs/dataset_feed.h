// SPDX-License-Identifier: Apache-2.0
// The cases of a dataset's version, one chunk in memory at a time.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "catalog/case_store.h"
#include "catalog/dataset_store.h"
#include "evaluation/runs/ports.h"

namespace slipway::evaluation {

class DatasetFeed final : public CaseFeed {
 public:
  // `split`: only cases of this one; empty: all.
  DatasetFeed(catalog::CaseWalk walk, std::string split) : walk_(std::move(walk)), split_(std::move(split)) {}
  Result<std::shared_ptr<const RunCase>> next(const std::function<bool(std::int64_t)>& wanted) override;

 private:
  Result<bool> next_chunk();
  catalog::CaseWalk walk_;
  std::string split_;
  catalog::CaseChunk chunk_;
  std::size_t at_ = 0;        // byte of the chunk's text
  std::int64_t number_ = -1;  // of the case given last
};

// The cases of a run, by its definition. kDataLoss where the dataset is not the one that it began with.
Result<std::unique_ptr<CaseFeed>> cases_of_run(catalog::DatasetStore& datasets,
                                               const json::object& definition);

}  // namespace slipway::evaluation
