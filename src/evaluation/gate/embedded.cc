// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/embedded.h"

#define SLIPWAY_EMBED(NAME, FILE)                           \
  asm(".pushsection .rodata.slipway_gate,\"a\",@progbits\n" \
      ".globl slipway_gate_" #NAME                          \
      "\n"                                                  \
      "slipway_gate_" #NAME                                 \
      ":\n"                                                 \
      ".incbin \"" SLIPWAY_GATE "/" FILE                    \
      "\"\n"                                                \
      ".globl slipway_gate_" #NAME                          \
      "_end\n"                                              \
      "slipway_gate_" #NAME                                 \
      "_end:\n"                                             \
      ".byte 0\n"                                           \
      ".popsection\n");                                     \
  extern "C" const char slipway_gate_##NAME[];              \
  extern "C" const char slipway_gate_##NAME##_end[]

SLIPWAY_EMBED(schema, "gate_report.schema.json");
SLIPWAY_EMBED(style, "report.css");
SLIPWAY_EMBED(script, "report.js");

namespace slipway::evaluation {

std::string_view embedded_report_schema() { return {slipway_gate_schema, slipway_gate_schema_end}; }
std::string_view embedded_report_style() { return {slipway_gate_style, slipway_gate_style_end}; }
std::string_view embedded_report_script() { return {slipway_gate_script, slipway_gate_script_end}; }

}  // namespace slipway::evaluation
