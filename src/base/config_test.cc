// SPDX-License-Identifier: Apache-2.0
#include "base/config.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

LoadedConfig load(std::string text, std::map<std::string, std::string, std::less<>> environment = {},
                  std::vector<std::string> assignments = {}) {
  return load_config({.file_name = "slipway.yaml",
                      .file_text = std::move(text),
                      .environment = std::move(environment),
                      .assignments = std::move(assignments)});
}

TEST(Config, StartsWithNothing) {
  const LoadedConfig loaded = load_config({"", "", {{"HOME", "/home/ada"}}, {}});
  ASSERT_TRUE(loaded.report.ok()) << loaded.report.describe();
  const Config& config = loaded.config;
  EXPECT_EQ(config.server.port, 8080);
  EXPECT_EQ(config.data_dir, "/home/ada/.local/share/slipway");
  ASSERT_EQ(config.environments.size(), 3u);
  EXPECT_EQ(config.environment("dev")->capture, CapturePolicy::kFull);
  EXPECT_EQ(config.environment("prod")->capture, CapturePolicy::kMetadata);
  EXPECT_EQ(config.environment("production"), nullptr);
  ASSERT_EQ(config.connections.size(), 1u);
  EXPECT_EQ(config.connections[0].dialect, Dialect::kSimulated);
}

TEST(Config, DataDirectoryFollowsTheMachinesCustoms) {
  EXPECT_EQ(default_data_dir({{"STATE_DIRECTORY", "/var/lib/slipway:/other"}, {"HOME", "/root"}}),
            "/var/lib/slipway");
  EXPECT_EQ(default_data_dir({{"XDG_DATA_HOME", "/x"}, {"HOME", "/h"}}), "/x/slipway");
  EXPECT_EQ(default_data_dir({}), "/var/lib/slipway");
  EXPECT_EQ(load("data_dir: /srv/slipway\n").config.data_dir, "/srv/slipway");
}

TEST(Config, TheEnvironmentOffersConnections) {
  const LoadedConfig loaded =
      load("", {{"OPENAI_API_KEY", "sk-test"}, {"ANTHROPIC_API_KEY", "sk-ant"}, {"OLLAMA_HOST", "0.0.0.0"}});
  ASSERT_TRUE(loaded.report.ok()) << loaded.report.describe();
  ASSERT_EQ(loaded.config.connections.size(), 4u);
  const ConnectionConfig* openai = loaded.config.connection("openai");
  ASSERT_NE(openai, nullptr);
  EXPECT_TRUE(openai->automatic);
  EXPECT_FALSE(openai->allow_private);
  EXPECT_EQ(openai->api_key, "sk-test");
  EXPECT_EQ(loaded.config.connection("anthropic")->dialect, Dialect::kAnthropic);
  EXPECT_EQ(loaded.config.connection("ollama")->base_url, "http://127.0.0.1:11434/v1");
  EXPECT_TRUE(loaded.config.connection("ollama")->allow_private);
  EXPECT_EQ(loaded.report.source_of("connections.openai.api_key"), "OPENAI_API_KEY");
}

TEST(Config, AServerOfOnesOwnIsNoFamousProvider) {
  const LoadedConfig loaded = load(
      "connections:\n  own: {base_url: http://h/v1}\n  main: {api_key: k}\n  named: {base_url: http://h/v1, "
      "provider: groq}\n");
  ASSERT_TRUE(loaded.report.ok()) << loaded.report.describe();
  EXPECT_EQ(loaded.config.connection("own")->provider, "own");
  EXPECT_EQ(loaded.config.connection("main")->provider, "openai");
  EXPECT_EQ(loaded.config.connection("named")->provider, "groq");
  EXPECT_EQ(loaded.config.connection("simulated")->provider, "simulated");
}

TEST(Config, OllamaHostIsReadAsOllamaReadsIt) {
  const auto url = [](const char* host) {
    const LoadedConfig loaded = load("", {{"OLLAMA_HOST", host}});
    const ConnectionConfig* found = loaded.config.connection("ollama");
    return found == nullptr ? std::string("none") : found->base_url;
  };
  EXPECT_EQ(url("gpu:9000"), "http://gpu:9000/v1");
  EXPECT_EQ(url("http://gpu/"), "http://gpu:11434/v1");
  EXPECT_EQ(url("https://gpu.example"), "https://gpu.example/v1");
  EXPECT_EQ(url(":9000"), "http://127.0.0.1:9000/v1");
  EXPECT_EQ(url("[::1]"), "http://[::1]:11434/v1");
  EXPECT_EQ(url("a host"), "none");
}

TEST(Config, TheFileGoesBeforeAutomaticConnections) {
  const LoadedConfig loaded = load("connections:\n  openai:\n    base_url: http://127.0.0.1:9/v1\n",
                                   {{"OPENAI_API_KEY", "sk-other"}});
  ASSERT_TRUE(loaded.report.ok()) << loaded.report.describe();
  EXPECT_EQ(loaded.config.connection("openai")->api_key, "");
  EXPECT_EQ(loaded.config.connection("openai")->base_url, "http://127.0.0.1:9/v1");
}

TEST(Config, WhatSpansSettingsIsCheckedWithItsPlace) {
  const LoadedConfig loaded = load(R"(server:
  tls:
    key_file: k.pem
environments:
  Dev: {}
  qa:
    retention: {bodies: 90d, rows: 30d}
connections:
  one:
    environments: [qa, live]
models:
  fast: {connection: two}
  none: {}
)");
  std::vector<std::string> places;
  for (const Error& problem : loaded.report.problems) places.push_back(problem.where);
  EXPECT_EQ(places, (std::vector<std::string>{"slipway.yaml:3:15", "slipway.yaml:5:3", "slipway.yaml:7:25",
                                              "slipway.yaml:10:19", "slipway.yaml:9:3", "slipway.yaml:12:22",
                                              "slipway.yaml:13:3"}))
      << loaded.report.describe();
}

TEST(Config, AddressesAreChecked) {
  for (const char* url : {"ftp://x", "https://", "https://user@host", "https://h/v1?x=1", "https://a b"})
    EXPECT_EQ(load("connections: {c: {api_key: k, base_url: \"" + std::string(url) + "\"}}\n")
                  .report.problems.size(),
              1u)
        << url;
}

TEST(Config, BrokenYamlIsToldBesideOtherSources) {
  const LoadedConfig loaded = load("server: [\n", {{"SLIPWAY_SERVER_PORT", "none"}});
  ASSERT_EQ(loaded.report.problems.size(), 2u) << loaded.report.describe();
  EXPECT_TRUE(loaded.report.problems[0].where.starts_with("slipway.yaml:"));
  EXPECT_EQ(loaded.report.problems[1].where, "SLIPWAY_SERVER_PORT");
}

TEST(Config, NoSecretIsAmongTheEffectiveValues) {
  const LoadedConfig loaded =
      load("connections: {c: {api_key: top-secret-1}}\n", {{"OPENAI_API_KEY", "top-secret-2"}});
  ASSERT_TRUE(loaded.report.ok());
  int set = 0;
  for (const EffectiveSetting& value : loaded.report.values) {
    EXPECT_EQ(value.value.find("top-secret"), std::string::npos) << value.name;
    if (value.value == "(set)") ++set;
  }
  EXPECT_EQ(set, 2);
}

TEST(Config, EverySettingIsDescribedAndItsDefaultIsWithinItsBounds) {
  Config config;
  SettingsSchema schema = declare_config(config);
  const auto reference = schema.reference();
  EXPECT_GT(reference.size(), 60u);
  for (const SettingInfo& info : reference) {
    EXPECT_TRUE(info.description.ends_with('.')) << info.name;
    if (info.name.find("<name>") != std::string::npos || info.default_text.empty() ||
        info.type == SettingType::kNamed || info.type == SettingType::kRaw)
      continue;
    const LoadedConfig loaded = load("", {}, {info.name + "=" + info.default_text});
    EXPECT_TRUE(loaded.report.ok()) << loaded.report.describe();
  }
}

TEST(Config, AMissingFileIsNamed) {
  const auto input = read_config_input("/nonexistent/slipway.yaml");
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(input.error().where, "/nonexistent/slipway.yaml");
}

}  // namespace
}  // namespace slipway
