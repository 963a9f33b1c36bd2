// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

enum class Color : std::uint8_t { kRed, kGreen };

struct Part {
  std::string name;
  std::string url;
  std::string key;
  std::uint32_t wait_ms = 5'000;
};

struct Sample {
  bool fast = false;
  std::uint16_t port = 8080;
  std::string title = "none";
  std::uint32_t wait_ms = 1'000;
  std::uint32_t days = 30;
  std::uint64_t limit_bytes = 1 << 20;
  Color color = Color::kRed;
  std::vector<std::string> words;
  std::string key;
  std::vector<Part> parts = {{"one", "http://one", "", 5'000}};
  RawSetting raw;
};

SettingsSchema declare(Sample& s) {
  SettingsSchema schema;
  schema.boolean("fast", s.fast, "fast or not");
  schema.integer("server.port", s.port, 1, 65'535, "port");
  schema.string("server.title", s.title, "title");
  schema.duration("server.wait", s.wait_ms, DurationUnit::kMilliseconds, 10, 60'000, "wait");
  schema.duration("keep", s.days, DurationUnit::kDays, 0, 400, "days");
  schema.size("limit", s.limit_bytes, 1024, 1ull << 30, "limit");
  schema.choice<Color>("color", s.color, {{"red", Color::kRed}, {"green", Color::kGreen}}, "color");
  schema.list("words", s.words, "words");
  schema.secret("key", s.key, "key");
  schema.named<Part>("parts", s.parts, "parts", [](SettingsSchema& p, Part& part) {
    p.string("url", part.url, "url");
    p.secret("api_key", part.key, "key");
    p.duration("timeouts.wait", part.wait_ms, DurationUnit::kMilliseconds, 0, 60'000, "wait");
  });
  schema.raw("raw", s.raw, "raw");
  return schema;
}

using Environment = std::map<std::string, std::string, std::less<>>;

SettingsReport load(Sample& sample, const std::string& text, const Environment& environment = {},
                    const std::vector<std::string>& assignments = {}) {
  SettingsSchema schema = declare(sample);
  const auto root = parse_yaml(text, "s.yaml");
  EXPECT_TRUE(root) << root.error().describe();
  return schema.load(root ? &*root : nullptr, "s.yaml", environment, assignments);
}

TEST(Settings, ReadsEveryType) {
  Sample s;
  const auto report = load(s, R"(
fast: yes
server:
  port: 9090
  title: "A: title"
  wait: 5s
keep: 90d
limit: 32MiB
color: GREEN
words: [a, "b c"]
key: pre-${TOKEN}-post
parts:
  two:
    url: http://two
    timeouts: {wait: 250ms}
raw:
  anything: [1, {x: y}]
)",
                           {{"TOKEN", "secret"}});
  ASSERT_TRUE(report.ok()) << report.describe();
  EXPECT_TRUE(s.fast);
  EXPECT_EQ(s.port, 9090);
  EXPECT_EQ(s.title, "A: title");
  EXPECT_EQ(s.wait_ms, 5'000u);
  EXPECT_EQ(s.days, 90u);
  EXPECT_EQ(s.limit_bytes, 32u << 20);
  EXPECT_EQ(s.color, Color::kGreen);
  EXPECT_EQ(s.words, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(s.key, "pre-secret-post");
  ASSERT_EQ(s.parts.size(), 1u);
  EXPECT_EQ(s.parts[0].name, "two");
  EXPECT_EQ(s.parts[0].wait_ms, 250u);
  ASSERT_NE(s.raw.node.find("anything"), nullptr);
  EXPECT_EQ(s.raw.source, "s.yaml");
}

TEST(Settings, LaterSourcesWin) {
  Sample s;
  const auto report =
      load(s, "server: {port: 1}\nlimit: 2048\nfast: true\n",
           {{"SLIPWAY_SERVER_PORT", "2"}, {"SLIPWAY_LIMIT", "4KiB"}, {"SLIPWAY_WORDS", "x, y,"}},
           {"server.port=3", "parts.one.url=http://set", "parts.a.b.timeouts.wait=7ms"});
  ASSERT_TRUE(report.ok()) << report.describe();
  EXPECT_EQ(s.port, 3);
  EXPECT_EQ(s.limit_bytes, 4096u);
  EXPECT_EQ(s.words, (std::vector<std::string>{"x", "y"}));
  ASSERT_EQ(s.parts.size(), 2u);
  EXPECT_EQ(s.parts[0].url, "http://set");
  EXPECT_EQ(s.parts[1].name, "a.b");
  EXPECT_EQ(s.parts[1].wait_ms, 7u);
  EXPECT_EQ(report.source_of("server.port"), "--set server.port");
  EXPECT_EQ(report.source_of("limit"), "SLIPWAY_LIMIT");
  EXPECT_EQ(report.source_of("fast"), "s.yaml:3:7");
  EXPECT_EQ(report.source_of("color"), "default");
}

TEST(Settings, EverythingWrongIsToldAtOnceWithItsPlace) {
  Sample s;
  const auto report = load(s,
                           "servr:\n  port: 1\n"
                           "server:\n  prot: 1\n  port: 70000\n  wait: 5\n"
                           "color: gren\nfast: maybe\nlimit: lots\nwords: {a: b}\nkeep:\n",
                           {}, {"nonsense", "server.prt=1"});
  std::vector<std::string> got;
  for (const Error& problem : report.problems) got.push_back(problem.describe());
  const std::vector<std::string> expected{
      "s.yaml:1:1: there is no setting \"servr\". did you mean server?",
      "s.yaml:4:3: there is no setting \"server.prot\". did you mean server.port?",
      "s.yaml:5:9: server.port: \"70000\" is out of bounds. the bounds are 1 … 65535",
      "s.yaml:6:9: server.wait: \"5\" lacks a unit. write a number and a unit: ms, s, m, h or d, for "
      "instance 5s",
      "s.yaml:7:8: color: \"gren\" is not one of red, green. did you mean green?",
      "s.yaml:8:7: fast: \"maybe\" is neither true nor false",
      "s.yaml:9:8: limit: \"lots\" is not a size. write a number of bytes or use a unit: KiB, MiB, GiB, TiB "
      "(or KB, "
      "MB, GB, TB), for instance 32MiB",
      "s.yaml:10:8: words: must be a list, but is a map. for instance [a, b]",
      "s.yaml:11:1: keep: needs a single value, but is empty",
      "--set: \"nonsense\" is not NAME=VALUE. for instance --set server.port=9090",
      "--set server.prt: there is no setting \"server.prt\". did you mean server.port?",
  };
  EXPECT_EQ(got, expected);
  EXPECT_EQ(s.port, 8080) << "a refused value must not be taken";
}

TEST(Settings, AMisplacedSettingIsPointedToItsGroup) {
  Sample s;
  const auto report =
      load(s, "title: x\nparts:\n  two:\n    wait: 1s\n    ulr: x\n  \"a b\": {}\n  three: 5\n");
  ASSERT_EQ(report.problems.size(), 5u) << report.describe();
  EXPECT_EQ(report.problems[0].hint, "did you mean server.title?");
  EXPECT_EQ(report.problems[1].hint, "did you mean parts.two.timeouts.wait?");
  EXPECT_EQ(report.problems[2].hint, "did you mean parts.two.url?");
  EXPECT_NE(report.problems[3].message.find("can't be a name"), std::string::npos);
  EXPECT_EQ(report.problems[4].where, "s.yaml:7:3");
}

TEST(Settings, AFileThatNamesAGroupReplacesItsDefaultElements) {
  Sample s;
  ASSERT_TRUE(load(s, "parts:\n  two: {}\n  one: {timeouts: {wait: 1s}}\n").ok());
  ASSERT_EQ(s.parts.size(), 2u);
  EXPECT_EQ(s.parts[0].name, "two");
  EXPECT_EQ(s.parts[1].url, "http://one") << "a default element keeps what the file leaves out";
  EXPECT_EQ(s.parts[1].wait_ms, 1'000u);
}

TEST(Settings, VariablesReachNamedElements) {
  Sample s;
  const auto report = load(s, "parts: {my-part: {}}\n",
                           {{"SLIPWAY_PARTS_MY_PART_API_KEY", "k"},
                            {"SLIPWAY_PARTS_MY_PART_TIMEOUTS_WAIT", "9ms"},
                            {"SLIPWAY_PORT", "tcp://10.0.0.1:80"},
                            {"SLIPWAY_SERVER_PROT", "1"},
                            {"SLIPWAY_CONFIG", "x"}});
  ASSERT_TRUE(report.ok()) << report.describe();
  EXPECT_EQ(s.parts[0].key, "k");
  EXPECT_EQ(s.parts[0].wait_ms, 9u);
  ASSERT_EQ(report.warnings.size(), 2u);
  EXPECT_NE(report.warnings[0].find("SLIPWAY_PORT"), std::string::npos);
  EXPECT_NE(report.warnings[1].find("did you mean SLIPWAY_SERVER_PORT?"), std::string::npos);
}

TEST(Settings, SecretsAreSubstitutedAndNeverShown) {
  Sample s;
  const auto report = load(s, "key: ${A}${B}\n", {{"A", "1"}, {"B", "2"}});
  ASSERT_TRUE(report.ok()) << report.describe();
  EXPECT_EQ(s.key, "12");
  for (const EffectiveSetting& value : report.values)
    EXPECT_EQ(value.value, value.name == "key" ? "(set)" : value.value);

  for (const char* text : {"key: ${MISSING}\n", "key: ${A\n", "key: \"a\\nb\"\n"}) {
    Sample other;
    EXPECT_EQ(load(other, text, {{"A", "x"}}).problems.size(), 1u) << text;
    EXPECT_EQ(other.key, "");
  }
}

TEST(Settings, AFileThatIsNoMapIsRefused) {
  Sample s;
  EXPECT_EQ(load(s, "- a\n").problems.size(), 1u);
  EXPECT_EQ(load(s, "just text\n").problems.size(), 1u);
  EXPECT_EQ(load(s, "server: 5\nparts: [a]\n").problems.size(), 2u);
  EXPECT_TRUE(load(s, "server:\nparts:\n").ok()) << "an empty group changes nothing";
}

TEST(Settings, ReferenceNamesEverything) {
  Sample s;
  SettingsSchema schema = declare(s);
  const auto reference = schema.reference();
  std::map<std::string, SettingInfo> by_name;
  for (const SettingInfo& info : reference) by_name[info.name] = info;
  EXPECT_EQ(reference.size(), 14u);
  EXPECT_EQ(by_name["server.wait"].default_text, "1s");
  EXPECT_EQ(by_name["server.wait"].bounds, "10ms … 1m");
  EXPECT_EQ(by_name["parts"].default_text, "one");
  EXPECT_EQ(by_name["parts.<name>.timeouts.wait"].default_text, "5s");
  EXPECT_EQ(by_name["color"].bounds, "one of red, green");
}

TEST(Settings, DurationsAndSizesSurviveARoundTrip) {
  EXPECT_EQ(parse_duration("90s", DurationUnit::kSeconds), 90u);
  EXPECT_EQ(parse_duration(" 2h ", DurationUnit::kMilliseconds), 7'200'000u);
  EXPECT_EQ(parse_duration("0", DurationUnit::kDays), 0u);
  EXPECT_FALSE(parse_duration("36h", DurationUnit::kDays));
  EXPECT_FALSE(parse_duration("-1s", DurationUnit::kSeconds));
  EXPECT_FALSE(parse_duration("99999999999999999999s", DurationUnit::kSeconds));
  EXPECT_FALSE(parse_duration("18446744073709551615d", DurationUnit::kSeconds));
  EXPECT_EQ(format_duration(1'500, DurationUnit::kMilliseconds), "1500ms");
  EXPECT_EQ(format_duration(172'800'000, DurationUnit::kMilliseconds), "2d");
  EXPECT_EQ(parse_size("10MB"), 10'000'000u);
  EXPECT_EQ(parse_size("10m"), 10u << 20);
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_FALSE(parse_size("99999999TiB"));
  EXPECT_FALSE(parse_size("1.5GiB"));
  EXPECT_FALSE(parse_size(""));
  for (const std::uint64_t bytes : {0ull, 1ull, 1024ull, 1536ull, 1ull << 40, 1ull << 52})
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
}

}  // namespace
}  // namespace slipway
