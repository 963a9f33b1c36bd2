// SPDX-License-Identifier: Apache-2.0
#include "catalog/schema_files.h"

#include "base/embed.h"

#define SLIPWAY_SCHEMA(NAME) SLIPWAY_EMBED(schema_##NAME, SLIPWAY_SCHEMAS "/" #NAME ".json")

SLIPWAY_SCHEMA(definitions);
SLIPWAY_SCHEMA(prompt);
SLIPWAY_SCHEMA(model);
SLIPWAY_SCHEMA(guardrail);
SLIPWAY_SCHEMA(tool);
SLIPWAY_SCHEMA(flow);
SLIPWAY_SCHEMA(agent);
SLIPWAY_SCHEMA(knowledge);
SLIPWAY_SCHEMA(dataset);
SLIPWAY_SCHEMA(evaluation);

#define SLIPWAY_GIVE(NAME) \
  if (name == #NAME) return SLIPWAY_EMBEDDED(schema_##NAME)

namespace slipway::catalog {

std::string_view schema_file(std::string_view name) {
  SLIPWAY_GIVE(definitions);
  SLIPWAY_GIVE(prompt);
  SLIPWAY_GIVE(model);
  SLIPWAY_GIVE(guardrail);
  SLIPWAY_GIVE(tool);
  SLIPWAY_GIVE(flow);
  SLIPWAY_GIVE(agent);
  SLIPWAY_GIVE(knowledge);
  SLIPWAY_GIVE(dataset);
  SLIPWAY_GIVE(evaluation);
  return {};
}

}  // namespace slipway::catalog
