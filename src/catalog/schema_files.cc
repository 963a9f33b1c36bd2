// SPDX-License-Identifier: Apache-2.0
#include "catalog/schema_files.h"

#define SLIPWAY_EMBED(NAME)                                    \
  asm(".pushsection .rodata.slipway_schemas,\"a\",@progbits\n" \
      ".globl slipway_schema_" #NAME                           \
      "\n"                                                     \
      "slipway_schema_" #NAME                                  \
      ":\n"                                                    \
      ".incbin \"" SLIPWAY_SCHEMAS "/" #NAME                   \
      ".json\"\n"                                              \
      ".globl slipway_schema_" #NAME                           \
      "_end\n"                                                 \
      "slipway_schema_" #NAME                                  \
      "_end:\n"                                                \
      ".byte 0\n"                                              \
      ".popsection\n");                                        \
  extern "C" const char slipway_schema_##NAME[];               \
  extern "C" const char slipway_schema_##NAME##_end[]

SLIPWAY_EMBED(definitions);
SLIPWAY_EMBED(prompt);
SLIPWAY_EMBED(model);
SLIPWAY_EMBED(guardrail);
SLIPWAY_EMBED(tool);
SLIPWAY_EMBED(flow);
SLIPWAY_EMBED(agent);
SLIPWAY_EMBED(knowledge);
SLIPWAY_EMBED(dataset);
SLIPWAY_EMBED(evaluation);

#define SLIPWAY_GIVE(NAME)                               \
  if (name == #NAME) return {                            \
      slipway_schema_##NAME, slipway_schema_##NAME##_end \
    }

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
