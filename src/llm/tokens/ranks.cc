// SPDX-License-Identifier: Apache-2.0
#include "llm/tokens/ranks.h"

// The blob is a file of the build directory; its own section, so that a program that counts nothing drops it.
asm(".pushsection .rodata.slipway_tokens,\"a\",@progbits\n"
    ".balign 64\n"
    ".globl slipway_tokens_blob\n"
    ".type slipway_tokens_blob,@object\n"
    "slipway_tokens_blob:\n"
    ".incbin \"" SLIPWAY_TOKENS_BLOB
    "\"\n"
    ".size slipway_tokens_blob, . - slipway_tokens_blob\n"
    ".popsection\n");

extern "C" const std::uint8_t slipway_tokens_blob[];

namespace slipway::llm::tokens {

namespace {

const std::uint32_t* words_at(std::uint32_t place) {
  // Every part starts on a multiple of 64 bytes.
  return static_cast<const std::uint32_t*>(static_cast<const void*>(slipway_tokens_blob + place));
}

std::uint32_t header(std::size_t word) { return words_at(0)[word]; }

}  // namespace

Ranks::Ranks(unsigned encoding) {
  const std::size_t first = 4 + 6 * static_cast<std::size_t>(encoding);
  size_ = header(first);
  mask_ = (1u << header(first + 1)) - 1;
  shift_ = 64 - header(first + 1);
  slots_ = words_at(header(first + 2));
  offsets_ = words_at(header(first + 3));
  bytes_ = static_cast<const char*>(static_cast<const void*>(slipway_tokens_blob + header(first + 4)));
}

const Ranks& Ranks::of(Encoding encoding) {
  static const Ranks cl100k{0};
  static const Ranks o200k{1};
  return encoding == Encoding::kCl100kBase ? cl100k : o200k;
}

Classes::Classes()
    : index_(slipway_tokens_blob + header(2)),
      blocks_(slipway_tokens_blob + header(3)),
      ascii_(blocks_ + index_[0] * 128u) {}

}  // namespace slipway::llm::tokens
