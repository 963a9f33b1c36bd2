// SPDX-License-Identifier: Apache-2.0
#include "llm/request_tokens.h"

#include <gtest/gtest.h>

namespace slipway::llm {
namespace {

TokenEstimate count(std::string_view request) {
  return count_chat_request("gpt-4o", parse_json(request)->as_object());
}

TEST(RequestTokens, CountsWhatIsThere) {
  const auto plain = count(R"({"messages": [{"role": "user", "content": "Hello world"}]})");
  EXPECT_EQ(plain.count, 3 + 3 + 1 + 2);  // the answer's start, the message, its role, its text
  EXPECT_TRUE(plain.exact);
  EXPECT_EQ(count(R"({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hello world"}]}]})")
                .count,
            plain.count);
  const auto tools = count(R"({"messages": [{"role": "user", "content": "Hello world"}],
      "tools": [{"type": "function", "function": {"name": "f", "description": "Finds", "parameters": {}}}]})");
  EXPECT_GT(tools.count, plain.count);
  EXPECT_FALSE(tools.exact);
  EXPECT_GT(count(R"({"messages": [{"role": "assistant", "content": null,
      "tool_calls": [{"function": {"name": "find", "arguments": "{\"id\": 7}"}}]}]})")
                .count,
            7);
  for (const char* const odd :
       {"{}", R"({"messages": 1})", R"({"messages": [1, {}, {"content": 7}], "tools": [{}]})"})
    EXPECT_GE(count(odd).count, 0) << odd;
}

}  // namespace
}  // namespace slipway::llm
