// SPDX-License-Identifier: Apache-2.0
// Files of the source tree as part of the program. In a .cc file, outside of namespaces:
//
//   SLIPWAY_EMBED(prices, SLIPWAY_PRICES_FILE);
//   … SLIPWAY_EMBEDDED(prices) …  // std::string_view of its bytes
//
// The path is a string literal, absolute; the room's CMakeLists.txt gives it, and names the file in
// OBJECT_DEPENDS, since no compiler says what the assembler reads. Names are the program's: each only once.
#pragma once

#include <string_view>

// A section of its own for each, so that a program that never asks for one drops it.
#define SLIPWAY_EMBED(NAME, PATH)                                     \
  asm(".pushsection .rodata.slipway_embedded_" #NAME                  \
      ",\"a\",@progbits\n"                                            \
      ".globl slipway_embedded_" #NAME                                \
      "\n"                                                            \
      ".type slipway_embedded_" #NAME                                 \
      ",@object\n"                                                    \
      "slipway_embedded_" #NAME                                       \
      ":\n"                                                           \
      ".incbin \"" PATH                                               \
      "\"\n"                                                          \
      ".globl slipway_embedded_" #NAME                                \
      "_end\n"                                                        \
      "slipway_embedded_" #NAME                                       \
      "_end:\n"                                                       \
      ".byte 0\n"                                                     \
      ".size slipway_embedded_" #NAME ", . - slipway_embedded_" #NAME \
      "\n"                                                            \
      ".popsection\n");                                               \
  extern "C" const char slipway_embedded_##NAME[];                    \
  extern "C" const char slipway_embedded_##NAME##_end[]

#define SLIPWAY_EMBEDDED(NAME) std::string_view(slipway_embedded_##NAME, slipway_embedded_##NAME##_end)
