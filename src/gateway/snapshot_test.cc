// SPDX-License-Identifier: Apache-2.0
#include "gateway/snapshot.h"

#include <gtest/gtest.h>

#include "gateway/refusal.h"

namespace slipway::gateway {
namespace {

std::unique_ptr<Connection> connection(std::string name, std::vector<std::string> models,
                                       Dialect dialect = Dialect::kOpenai) {
  ConnectionConfig config;
  config.name = std::move(name);
  config.dialect = dialect;
  config.base_url = "http://127.0.0.1:9/v1";
  config.models = std::move(models);
  auto made = make_connection(config);
  EXPECT_TRUE(made) << made.error().describe();
  return std::move(*made);
}

class Resolve : public testing::Test {
 protected:
  void SetUp() override {
    // The order is the worst for a naive resolver: what serves everything comes first.
    for (const Connection* each : {simulated_.get(), anything_.get(), globs_.get(), exact_.get()})
      environment_.connections.push_back(each);
  }
  std::unique_ptr<Connection> simulated_ = connection("simulated", {}, Dialect::kSimulated);
  std::unique_ptr<Connection> anything_ = connection("anything", {});
  std::unique_ptr<Connection> globs_ = connection("globs", {"gpt-4*"});
  std::unique_ptr<Connection> exact_ = connection("exact", {"gpt-4o"});
  Environment environment_;
};

TEST_F(Resolve, PrefersExactNamesThenGlobsThenWhateverServesEverything) {
  EXPECT_EQ(environment_.resolve("gpt-4o").connection, exact_.get());
  EXPECT_EQ(environment_.resolve("gpt-4o-mini").connection, globs_.get());
  EXPECT_EQ(environment_.resolve("mistral-small").connection, anything_.get());
}

TEST_F(Resolve, AConnectionCanBeNamedBeforeTheModel) {
  const Target target = environment_.resolve("simulated/gpt-4o");
  EXPECT_EQ(target.connection, simulated_.get());
  EXPECT_EQ(target.upstream_model, "gpt-4o");
  // A slash that names no connection belongs to the model.
  EXPECT_EQ(environment_.resolve("meta/llama").upstream_model, "meta/llama");
}

TEST_F(Resolve, ConfiguredRoutesComeFirst) {
  environment_.routes["fast"] = Target{globs_.get(), "gpt-4.1-nano"};
  const Target target = environment_.resolve("fast");
  EXPECT_EQ(target.connection, globs_.get());
  EXPECT_EQ(target.upstream_model, "gpt-4.1-nano");
}

TEST_F(Resolve, TheSimulatedProviderNeverShadowsARealOne) {
  environment_.connections = {simulated_.get(), exact_.get()};
  EXPECT_EQ(environment_.resolve("gpt-4o").connection, exact_.get());
  EXPECT_EQ(environment_.resolve("other").connection, simulated_.get());
  environment_.connections = {exact_.get()};
  EXPECT_EQ(environment_.resolve("other").connection, nullptr);
}

TEST_F(Resolve, NamesOfWellKnownFamiliesLeadToTheirProviders) {
  // As OPENAI_API_KEY, ANTHROPIC_API_KEY and OLLAMA_HOST make them: none lists its models.
  const auto at = [](std::string name, Dialect dialect, std::string url) {
    ConnectionConfig config;
    config.name = config.provider = std::move(name);
    config.dialect = dialect;
    config.base_url = std::move(url);
    return std::move(make_connection(config).value());
  };
  const auto openai = at("openai", Dialect::kOpenai, "");
  const auto claude = at("anthropic", Dialect::kAnthropic, "");
  const auto ollama = at("ollama", Dialect::kOpenai, "http://127.0.0.1:11434/v1");
  environment_.connections = {openai.get(), claude.get(), ollama.get(), simulated_.get()};
  for (const char* name : {"gpt-4o-mini", "o3-mini", "chatgpt-4o-latest", "text-embedding-3-small"})
    EXPECT_EQ(environment_.resolve(name).connection, openai.get()) << name;
  EXPECT_EQ(environment_.resolve("claude-sonnet-4-5").connection, claude.get());
  for (const char* name : {"llama3.2", "qwen3:8b", "olmo2"})
    EXPECT_EQ(environment_.resolve(name).connection, ollama.get()) << name;
  EXPECT_EQ(environment_.resolve("simulated-small").connection, simulated_.get());
  // Where there is only one, it is asked for everything.
  environment_.connections = {claude.get(), simulated_.get()};
  EXPECT_EQ(environment_.resolve("gpt-4o").connection, claude.get());
}

TEST(Key, AllowsByGlob) {
  Key key;
  EXPECT_TRUE(key.allows("anything"));
  key.allowed_models = {"gpt-4o*", "simulated/*"};
  EXPECT_TRUE(key.allows("gpt-4o-mini"));
  EXPECT_TRUE(key.allows("simulated/x/y"));
  EXPECT_FALSE(key.allows("gpt-4"));
}

TEST(MakeConnection, KnowsItsTargetsAndCredentials) {
  ConnectionConfig config;
  config.name = "main";
  config.base_url = "https://llm.example.com:8443/openai/v1/";
  config.api_key = "secret";
  const auto made = make_connection(config);
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ((*made)->chat_target, "/openai/v1/chat/completions");
  EXPECT_EQ((*made)->embeddings_target, "/openai/v1/embeddings");
  EXPECT_TRUE((*made)->origin.tls);
  EXPECT_FALSE((*made)->origin.private_allowed);
  ASSERT_FALSE((*made)->headers.empty());
  EXPECT_EQ((*made)->headers.front().second, "Bearer secret");
  config.base_url = "ftp://nowhere";
  const auto refused = make_connection(config);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "connections.main.base_url");
}

TEST(Refusal, HasOpenAisShape) {
  EXPECT_EQ(
      openai_error_body(invalid_request("bad", "say \"what\"", "model")),
      R"({"error":{"message":"say \"what\"","type":"invalid_request_error","param":"model","code":"bad"}})");
  EXPECT_EQ(openai_error_body(limited("slow_down", "wait", 1)),
            R"({"error":{"message":"wait","type":"rate_limit_error","param":null,"code":"slow_down"}})");
}

}  // namespace
}  // namespace slipway::gateway
