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

}  // namespace slipway::evaluation
