// SPDX-License-Identifier: Apache-2.0
#include "base/yaml_json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace slipway {
namespace {

json::value read(std::string_view text) {
  const auto node = parse_yaml(text, "test.yaml");
  return node ? yaml_to_json(*node) : json::value(node.error().describe());
}

TEST(YamlJson, ReadsScalarsByTheCoreSchema) {
  EXPECT_EQ(
      read("a: 1\nb: -0x1\nc: 0x1F\nd: 0o17\ne: 1.5e3\nf: .5\ng: '1'\nh: ~\ni:\nj: True\nk: yes\nl: 1_000\n"
           "m: .inf\nn: +3\no: 99999999999999999999\np: \"true\"\nq: 5.\nr: 2024-01-01"),
      json::parse(R"({"a": 1, "b": "-0x1", "c": 31, "d": 15, "e": 1500.0, "f": 0.5, "g": "1", "h": null,
                            "i": null, "j": true, "k": "yes", "l": "1_000", "m": ".inf", "n": 3, "o": 1e20,
                            "p": "true", "q": 5.0, "r": "2024-01-01"})"));
  EXPECT_EQ(read("|\n  12\n"), json::value("12\n"));
  EXPECT_EQ(read(""), json::value(nullptr));
}

TEST(YamlJson, WritesWhatPeopleLikeToRead) {
  const json::value value = json::parse(
      R"({"description": "Answers", "n": 1, "empty": {}, "none": [], "odd": "a: b", "version": "1.0",
          "messages": [{"role": "system", "content": "You help.\n\nBe kind.\n"}, {"placeholder": "messages"}],
          "tools": ["one", "two"], "answer": "no"})");
  EXPECT_EQ(
      json_to_yaml(value),
      "description: Answers\n\"n\": 1\nempty: {}\nnone: []\nodd: \"a: b\"\nversion: \"1.0\"\nmessages:\n"
      "  - role: system\n    content: |\n      You help.\n\n      Be kind.\n  - placeholder: messages\n"
      "tools:\n  - one\n  - two\nanswer: \"no\"\n");
}

json::value random_value(int depth) {
  static const std::vector<std::string> kPieces = {
      "a",   "B c", " ",  "\n",   "\t", ":",    ": ",   " #",   "-",        "- ",
      "'",   "\"",  "\\", "|",    ">",  "%",    "@",    "{",    "}",        "[",
      "]",   ",",   "&",  "*",    "!",  "null", "true", "1",    "1e3",      "~",
      "yes", "\r",  "é",  "日本", "😀", "?",    "? ",   "\x7f", "\xc2\x85", "\xe2\x80\xa8",
      "---", "...", "<<", "\x01",
  };
  const auto text = [] {
    std::string out;
    for (const std::size_t piece : *rc::gen::container<std::vector<std::size_t>>(
             *rc::gen::inRange(0, 6), rc::gen::inRange<std::size_t>(0, kPieces.size())))
      out += kPieces[piece];
    return out;
  };
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 6)) {
    case 0: return nullptr;
    case 1: return *rc::gen::arbitrary<bool>();
    case 2: return *rc::gen::inRange<std::int64_t>(-1'000'000, 1'000'000);
    case 3: return *rc::gen::arbitrary<double>();
    case 4:
    case 5: return json::string(text());
    case 6: {
      json::array array;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.push_back(random_value(depth - 1));
      return array;
    }
    default: {
      json::object object;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
        object[text() + std::to_string(i)] = random_value(depth - 1);
      return object;
    }
  }
}

bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), same);
  if (!a.is_object()) return a == b;
  return std::ranges::equal(a.get_object(), b.get_object(), [](const auto& x, const auto& y) {
    return x.key() == y.key() && same(x.value(), y.value());
  });
}

RC_GTEST_PROP(YamlJson, ReadingBackGivesTheSame, ()) {
  const json::value value = random_value(4);
  const std::string text = json_to_yaml(value);
  RC_LOG() << json::serialize(value) << "\n" << text;
  const auto node = parse_yaml(text, "written.yaml");
  if (!node) RC_FAIL(node.error().describe());
  RC_ASSERT(same(yaml_to_json(*node), value));
}

}  // namespace
}  // namespace slipway
