// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, RFC 3720 §B.4), with the CPU's instruction where it has one.
#pragma once

#include <cstdint>
#include <string_view>

namespace slipway {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous = 0);

}  // namespace slipway
