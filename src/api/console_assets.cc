// SPDX-License-Identifier: Apache-2.0
#include "api/console_assets.h"

#include <algorithm>

#include "api/console_assets_table.h"

namespace slipway::api {

const ConsoleAsset* find_console_asset(std::string_view path) {
  const auto all = console_assets();
  const auto found = std::ranges::lower_bound(all, path, {}, &ConsoleAsset::path);
  return found != all.end() && found->path == path ? &*found : nullptr;
}

}  // namespace slipway::api
