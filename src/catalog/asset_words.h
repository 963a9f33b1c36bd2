// SPDX-License-Identifier: Apache-2.0
// Words to search by. Pure functions; any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "catalog/asset_name.h"

namespace slipway::catalog {

// Lower-case runs of letters and digits; each character of scripts that put no spaces between words is a
// word. What case folding knows: ASCII, Latin-1, Greek, Cyrillic.
std::set<std::string> search_words(std::string_view text);

// Of an asset: its name and every text in its content, up to a limit.
std::set<std::string> words_of_asset(const AssetName& name, const json::object& content);

}  // namespace slipway::catalog
