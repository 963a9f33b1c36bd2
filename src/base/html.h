// SPDX-License-Identifier: Apache-2.0
// Text of others in pages of ours.
#pragma once

#include <string>
#include <string_view>

namespace slipway {

// Text as HTML, in elements and in quoted attributes: no character means anything, malformed UTF-8 becomes
// U+FFFD, and NUL, which no page may hold, is left out.
std::string escape_html(std::string_view text);

}  // namespace slipway
