// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "catalog/canonical.h"
#include "evaluation/call_text.h"
#include "evaluation/mask.h"
#include "evaluation/near_duplicates.h"

namespace slipway::evaluation {
namespace {

std::string masked(std::string_view text, const MaskOptions& options = {}) {
  const auto masker = Masker::make(options);
  return masker ? (*masker)->mask_text(text) : masker.error().describe();
}

TEST(Mask, FindsWhatHasTheFormAndTheCheckDigit) {
  EXPECT_EQ(masked("Write to Ada.Lovelace+x@mail.example.co.uk, please."), "Write to [EMAIL], please.");
  EXPECT_EQ(masked("card 4111 1111 1111 1111 and 4111-1111-1111-1112"),
            "card [CARD] and 4111-1111-1111-1112");
  EXPECT_EQ(masked("IBAN DE89 3704 0044 0532 0130 00, not DE88 3704 0044 0532 0130 00").substr(0, 19),
            "IBAN [IBAN], not DE");
  EXPECT_EQ(masked("from 192.168.0.1 and 2001:db8::8a2e:370:7334 at 12:30:45"),
            "from [IP] and [IP] at 12:30:45");
  EXPECT_EQ(masked("call +49 (0)30 1234567 or (555) 123-4567 or 030/1234567"),
            "call [PHONE] or [PHONE] or [PHONE]");
  EXPECT_EQ(masked("order 1234567 of 2026-11-25 costs 12.50, version 1.2.3"),
            "order 1234567 of 2026-11-25 costs 12.50, version 1.2.3");
}

TEST(Mask, LeavesWhatIsTurnedOffAndTakesOwnPatterns) {
  MaskOptions options;
  options.email = false;
  options.patterns = {{"customer", R"(C-\d{6})"}};
  EXPECT_EQ(masked("a@b.example is C-123456", options), "a@b.example is [CUSTOMER]");
  options.patterns = {{"x", "(?=a)"}};
  EXPECT_NE(masked("a", options).find("mask.patterns.x"), std::string::npos);
  options.patterns = {{"x", "a*"}};
  EXPECT_NE(masked("a", options).find("finds the empty text"), std::string::npos);
}

TEST(Mask, GoesThroughValuesAndTakesKeysAsAWhole) {
  const auto masker = Masker::make({});
  json::value value = json::parse(
      R"([{"role":"user","content":"I am ada@b.example"},{"Password":["x",1],"token_count":3,"api_key":"k"}])");
  (*masker)->mask(value);
  EXPECT_EQ(
      catalog::canonical_json(value),
      R"([{"content":"I am [EMAIL]","role":"user"},{"Password":"[MASKED]","api_key":"[MASKED]","token_count":3}])");
  EXPECT_EQ((*masker)->counts().at("email"), 1);
  EXPECT_EQ((*masker)->counts().at("key"), 2);
}

TEST(NearDuplicates, TellSmallChangesFromOtherTexts) {
  NearDuplicates near(0.8);
  const std::string text =
      "where is my parcel with the number four two seven that i ordered last week from your shop in berlin "
      "and that should have come on monday or at least on tuesday morning before noon";
  EXPECT_FALSE(near.is_repeated(text));
  EXPECT_TRUE(near.is_repeated(text + " please"));
  EXPECT_TRUE(near.is_repeated("Where is my parcel, " + text.substr(19)));
  EXPECT_FALSE(near.is_repeated("how do i send back the shoes that do not fit and when will i get my money"));
  EXPECT_FALSE(near.is_repeated("hi"));
  EXPECT_TRUE(near.is_repeated("Hi!"));
  ExactDuplicates exact;
  EXPECT_FALSE(exact.is_repeated("Hello,  World"));
  EXPECT_TRUE(exact.is_repeated("hello world!"));
}

TEST(CallText, FindsWhatWasAskedAndAnswered) {
  const auto text = [](const std::optional<json::value>& value) {
    return value ? catalog::canonical_json(*value) : std::string("nothing");
  };
  EXPECT_EQ(text(asked(R"({"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]})")),
            R"("Hi")");
  EXPECT_EQ(text(asked(R"({"system":"Be kind","messages":[{"role":"user","content":"Hi"}]})")),
            R"([{"content":"Be kind","role":"system"},{"content":"Hi","role":"user"}])");
  EXPECT_EQ(text(asked(R"({"model":"support","variables":{"question":"?"},"messages":[]})")),
            R"({"question":"?"})");
  EXPECT_EQ(text(asked(R"({"input":"embed me"})")), R"("embed me")");
  EXPECT_EQ(text(asked(R"({"messages":[{"role":"user","cont)")), "nothing");
  EXPECT_EQ(text(answered(R"({"choices":[{"message":{"role":"assistant","content":"Yes"}}]})")), R"("Yes")");
  EXPECT_EQ(text(answered(R"({"content":[{"type":"text","text":"Yes"}]})")), R"("Yes")");
  EXPECT_EQ(text(answered("data: {\"choices\":[{\"delta\":{\"content\":\"Y\"}}]}\n\ndata: "
                          "{\"choices\":[{\"delta\":{\"content\":\"es\"}}]}\n\ndata: [DONE]\n\n")),
            R"("Yes")");
  EXPECT_EQ(text(answered("data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"Yes\"}}\n")),
            R"("Yes")");
  EXPECT_EQ(text(answered(R"({"choices":[{"message":{"content":null}}]})")), "nothing");
}

}  // namespace
}  // namespace slipway::evaluation
