// SPDX-License-Identifier: Apache-2.0
// Any bytes as an asset's YAML: must end in problems or in a content that is kept, read back and compared the
// same, in bounded time and memory. The first byte picks the kind.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/yaml_json.h"
#include "catalog/asset_words.h"
#include "catalog/canonical.h"
#include "catalog/diff.h"
#include "catalog/kinds.h"

namespace {

using slipway::catalog::AssetName;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto& kinds = slipway::catalog::kind_names();
  const AssetName name{"support", kinds[data[0] % kinds.size()], "one"};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto node = slipway::parse_yaml(text, "fuzz.yaml", {1u << 18, 32, 5'000});
  if (!node || !node->is_map()) return 0;
  slipway::json::value value = slipway::yaml_to_json(*node);
  const slipway::json::object content = slipway::catalog::with_format(value.as_object());
  const auto problems = slipway::catalog::validate(name, content, &*node);
  for (const auto& problem : problems) require(!problem.message.empty());
  (void)slipway::catalog::references_of(name, content);
  require(slipway::catalog::words_of_asset(name, content).size() <= 3'000);
  if (!problems.empty()) return 0;
  // What is sound comes back as it was, through JSON and through YAML.
  const std::string canonical = slipway::catalog::canonical_json(content);
  const auto stored = slipway::parse_json(canonical);
  require(stored.has_value() && slipway::catalog::canonical_json(*stored) == canonical);
  require(slipway::catalog::diff_content(content, *stored).empty());
  const auto again = slipway::parse_yaml(slipway::catalog::to_yaml(name.kind, content), "again.yaml");
  if (again) require(slipway::catalog::canonical_json(slipway::yaml_to_json(*again)) == canonical);
  return 0;
}
