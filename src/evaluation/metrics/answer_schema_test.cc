// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/answer_schema.h"

#include <gtest/gtest.h>

#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

TEST(AnswerSchema, AgreesWithJsonschema) {
  std::size_t compared = 0;
  for (const json::value& one : expected("texts", "schemas")) {
    const json::value& schema = one.as_object().at("schema");
    const auto compiled = AnswerSchema::compile(schema);
    ASSERT_TRUE(compiled) << json::serialize(schema) << ": " << compiled.error().describe();
    const json::array& values = list(one, "values");
    for (std::size_t i = 0; i < values.size(); ++i, ++compared) {
      const auto found = compiled->check(values[i]);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->empty(), list(one, "valid")[i].as_bool())
          << json::serialize(schema) << " on " << json::serialize(values[i]) << ": " << *found;
    }
  }
  EXPECT_GT(compared, 1'500U);
}

std::string problem(std::string_view schema, std::string_view value) {
  const auto compiled = AnswerSchema::compile(json::parse(schema));
  if (!compiled) return compiled.error().describe();
  const auto found = compiled->check(json::parse(value));
  return found ? *found : found.error().describe();
}

TEST(AnswerSchema, SaysWhatIsWrongAndWhere) {
  const std::string_view order = R"({"type": "object", "required": ["items"], "additionalProperties": false,
      "properties": {"items": {"type": "array", "items": {"properties": {"price": {"type": "number"}}}},
                     "a/b": {"maxLength": 1}}})";
  EXPECT_EQ(problem(order, R"({"items": [{"price": "4"}]})"), "/items/0/price must be a number, but is text");
  EXPECT_EQ(problem(order, R"({})"), "the value lacks 'items'");
  EXPECT_EQ(problem(order, R"([])"), "the value must be a map, but is a list");
  EXPECT_EQ(problem(order, R"({"items": [], "x": 1})"), "/x may not be there");
  EXPECT_EQ(problem(order, R"({"items": [], "a/b": "xx"})"),
            "/a~1b must have at most 1 characters, but has 2");
  // Of several shapes the one of the value's own type is told.
  EXPECT_EQ(problem(R"({"anyOf": [{"type": "string"}, {"type": "object", "required": ["a"]}]})", "{}"),
            "the value lacks 'a'");
  EXPECT_EQ(problem(R"({"enum": ["a", "b"]})", R"("c")"),
            R"(the value must be one of ["a","b"], but is 'c')");
}

TEST(AnswerSchema, NothingIsSilentlyNotChecked) {
  EXPECT_EQ(problem(R"({"properties": {"a": {"typo": 1}}})", "1").substr(0, 54),
            "schema /properties/a: the word 'typo' is not known. It");
  EXPECT_NE(problem(R"({"unevaluatedProperties": false})", "1").find("is not known"), std::string::npos);
  EXPECT_NE(problem(R"({"items": [true]})", "1").find("prefixItems"), std::string::npos);
  EXPECT_NE(problem(R"x({"pattern": "(?=a)"})x", "1").find("schema /pattern: "), std::string::npos);
  EXPECT_NE(problem(R"({"$ref": "http://x/y"})", "1").find("does not lead into"), std::string::npos);
  EXPECT_NE(problem(R"({"$ref": "#/$defs/x"})", "1").find("there is no '#/$defs/x'"), std::string::npos);
  for (const std::string_view bad :
       {R"({"type": "text"})", R"({"type": 1})", R"({"minLength": -1})", R"({"minLength": 1.5})",
        R"({"minimum": "1"})", R"({"required": [1]})", R"({"required": "a"})", R"({"enum": 1})",
        R"({"properties": []})", R"({"anyOf": []})", R"({"anyOf": {}})", R"({"not": 1})",
        R"({"multipleOf": 0})", R"({"uniqueItems": 1})", R"(1)", R"([])",
        R"({"dependentRequired": {"a": 1}})", R"({"$ref": 1})"})
    EXPECT_EQ(problem(bad, "1").substr(0, 6), "schema") << bad;
}

TEST(AnswerSchema, CirclesEnd) {
  EXPECT_NE(problem(R"({"$ref": "#"})", "1").find("goes in circles"), std::string::npos);
  EXPECT_NE(
      problem(
          R"({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"})",
          "1")
          .find("goes in circles"),
      std::string::npos);
  // Long texts are no danger to patterns.
  EXPECT_EQ(problem(R"({"pattern": "^(a|b)*$"})", '"' + std::string(1 << 20, 'a') + '"'), "");
}

TEST(AnswerSchema, PointersLeadToValues) {
  const json::value document = json::parse(R"({"a": [1, {"b/c": 2, "~": 3}], "": 4, "01": 5})");
  const auto found = [&](std::string_view pointer) {
    const json::value* value = at_pointer(document, pointer);
    return value == nullptr ? std::string("none") : json::serialize(*value);
  };
  EXPECT_EQ(found("/a/1/b~1c"), "2");
  EXPECT_EQ(found("/a/1/~0"), "3");
  EXPECT_EQ(found("/"), "4");
  EXPECT_EQ(found("/01"), "5");
  EXPECT_EQ(found(""), json::serialize(document));
  for (const std::string_view nowhere : {"a", "/a/2", "/a/01", "/a/-", "/a/0/x", "/x", "/a/1/~2"})
    EXPECT_EQ(found(nowhere), "none") << nowhere;
}

}  // namespace
}  // namespace slipway::evaluation
