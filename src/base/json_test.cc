// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

#include "base/json_text.h"
#include "base/text.h"

namespace slipway {
namespace {

TEST(Json, ErrorsSayWhere) {
  const auto bad = parse_json("{\n  \"a\": 1,\n  \"b\": x\n}");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(bad.error().where, "line 3, column 8");
  for (const char* text : {"", " ", "{} {}", "[1,]", "nul", "{\"a\":1", "'a'", "\"\xff\""})
    EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_TRUE(parse_json(" {} \n"));
}

TEST(Json, DepthAndSizeAreLimited) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_FALSE(parse_json(deep));
  EXPECT_TRUE(parse_json(deep, {.depth = 100, .size_bytes = 1000}));
  EXPECT_FALSE(parse_json("[1,2,3]", {.depth = 5, .size_bytes = 6}));
}

TEST(Json, TypedAccessNamesTheField) {
  const json::value value =
      parse_json(R"({"s":"x","i":5,"d":1.5,"b":true,"n":null,"o":{},"a":[],"f":2.0})").value();
  const json::object& object = value.as_object();
  EXPECT_EQ(require_string(object, "s").value(), "x");
  EXPECT_EQ(optional_integer(object, "i").value(), 5);
  EXPECT_EQ(optional_integer(object, "f").value(), 2) << "a whole number, however written";
  EXPECT_FALSE(optional_integer(object, "d"));
  EXPECT_EQ(optional_number(object, "i").value(), 5.0);
  EXPECT_EQ(optional_bool(object, "b").value(), true);
  EXPECT_EQ(optional_string(object, "n").value(), std::nullopt) << "null is not given";
  EXPECT_EQ(optional_string(object, "missing").value(), std::nullopt);
  EXPECT_NE(optional_object(object, "o").value(), nullptr);
  EXPECT_EQ(optional_array(object, "missing").value(), nullptr);

  const auto wrong = optional_string(object, "i", "messages[2]");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "messages[2].i must be a string, but is a number");
  EXPECT_EQ(wrong.error().where, "messages[2].i");
  EXPECT_FALSE(require_string(object, "n"));
  EXPECT_FALSE(optional_array(object, "o"));
  EXPECT_FALSE(optional_object(object, "a"));
  EXPECT_FALSE(optional_bool(object, "s"));
  EXPECT_FALSE(optional_number(object, "s"));
}

TEST(Json, TextHasNumbersAsPeopleWriteThem) {
  const std::string text = R"({"a":[0.9,45,-3,1e+30,true,null,"x\"y"],"b":{},"c":[]})";
  const auto value = parse_json(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(json_text(*value), text);
  EXPECT_EQ(json_text(json::value(45.0)), "45");
}

TEST(Json, StringsAreWrittenSoThatTheyReadTheSame) {
  std::string text;
  for (int i = 0; i < 128; ++i) text.push_back(static_cast<char>(i));
  text += "é€😀";
  std::string out = "x";
  append_json_string(out, text);
  EXPECT_EQ(out.front(), 'x') << "appends";
  const auto back = parse_json(std::string_view(out).substr(1));
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(std::string_view(back->as_string()), text);
  out.clear();
  append_json_string(out, "a\xff");
  EXPECT_EQ(out, "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace slipway
