// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace slipway::llm::tokens {

// Each maximal malformed part becomes one U+FFFD (Unicode 16, section 3.9, "U+FFFD Substitution of Maximal
// Subparts"), as JSON decoders and Python's errors="replace" do, so that counts agree with the provider's.
std::string replace_malformed(std::string_view text);

}  // namespace slipway::llm::tokens
