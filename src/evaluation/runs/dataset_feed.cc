// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/dataset_feed.h"

#include <algorithm>

namespace slipway::evaluation {

Result<bool> DatasetFeed::next_chunk() {
  SLIPWAY_ASSIGN(auto chunk, walk_.next());
  if (!chunk) return false;
  chunk_ = std::move(*chunk);
  at_ = 0;
  return true;
}

Result<std::shared_ptr<const RunCase>> DatasetFeed::next(const std::function<bool(std::int64_t)>& wanted) {
  for (;;) {
    if (at_ >= chunk_.text.size()) {
      SLIPWAY_ASSIGN(const bool more, next_chunk());
      if (!more) return std::shared_ptr<const RunCase>();
      continue;
    }
    const std::size_t end = std::min(chunk_.text.find('\n', at_), chunk_.text.size());
    const std::string_view line = std::string_view(chunk_.text).substr(at_, end - at_);
    at_ = end + 1;
    ++number_;
    if (!wanted(number_)) continue;
    auto parsed = parse_json(line);
    if (!parsed || !parsed->is_object())
      return fail(ErrorCode::kDataLoss, "a stored case can't be read", "catalog",
                  "Restore the database from a backup; 'slipway doctor' tells more.");
    auto one = std::make_shared<RunCase>();
    one->number = number_;
    one->fields = std::move(parsed->get_object());
    const auto text = [&](std::string_view name) {
      const json::value* value = one->fields.if_contains(name);
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    if (!split_.empty() && text("split") != split_) continue;
    one->id = text("id");
    return std::shared_ptr<const RunCase>(std::move(one));
  }
}

Result<std::unique_ptr<CaseFeed>> cases_of_run(catalog::DatasetStore& datasets,
                                               const json::object& definition) {
  SLIPWAY_ASSIGN(const json::object* dataset, optional_object(definition, "dataset"));
  if (dataset == nullptr) return fail(ErrorCode::kInternal, "the run's definition has no dataset");
  SLIPWAY_ASSIGN(const std::string asset, require_string(*dataset, "asset"));
  SLIPWAY_ASSIGN(const auto split, optional_string(*dataset, "split"));
  SLIPWAY_ASSIGN(const auto digest, optional_string(*dataset, "digest"));
  SLIPWAY_ASSIGN(const auto number, optional_integer(*dataset, "version"));
  SLIPWAY_ASSIGN(const catalog::AssetName name, catalog::AssetName::parse(asset));
  SLIPWAY_ASSIGN(const catalog::AssetVersion version,
                 datasets.version(name, std::to_string(number.value_or(0))));
  if (version.digest != digest.value_or(""))
    return fail(ErrorCode::kDataLoss, "the dataset is not the one that the run began with", name.to_string());
  SLIPWAY_ASSIGN(catalog::CaseWalk walk, datasets.cases().walk(version.content));
  return std::make_unique<DatasetFeed>(std::move(walk), split.value_or(""));
}

}  // namespace slipway::evaluation
