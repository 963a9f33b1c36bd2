// SPDX-License-Identifier: Apache-2.0
#include "llm/simulated.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/clock.h"
#include "base/crypto.h"
#include "llm/dialect.h"
#include "llm/openai_scan.h"
#include "llm/test_stream.h"
#include "llm/tokens.h"
#include "net/test_world.h"

namespace slipway::llm {
namespace {

using net::testing::World;

// The provider behind a real server, asked by the real client.
class Simulated : public testing::Test {
 protected:
  void start(SimulatedOptions options = {}) {
    provider_ = std::make_unique<SimulatedProvider>(std::move(options));
    origin_ = net::testing::local(world_.serve(provider_->handler()));
  }
  void start(std::string_view yaml) {
    auto options = parse_simulated_script(yaml, "script.yaml");
    ASSERT_TRUE(options) << options.error().describe();
    start(std::move(*options));
  }
  World::Fetched post(std::string_view path, std::string_view body, std::string_view simulate = {},
                      net::ClientClocks clocks = {}) {
    if (!provider_) start();
    const net::Header headers[] = {{"content-type", "application/json"}, {"x-simulate", simulate}};
    const net::OutgoingRequest request{.method = "POST",
                                       .target = path,
                                       .headers = std::span(headers, simulate.empty() ? 1u : 2u),
                                       .body = body};
    return world_.fetch(origin_, request, clocks, true);
  }
  ChatResponse chat(std::string_view body, std::string_view simulate = {}) {
    const auto got = post("/v1/chat/completions", body, simulate);
    EXPECT_EQ(got.status, 200) << got.body;
    auto response = find_dialect("openai")->decode_response(got.body);
    EXPECT_TRUE(response) << got.body;
    return response.value_or(ChatResponse{});
  }
  // The answer a stream adds up to.
  ResponseBuilder stream(std::string_view body, std::string_view simulate = {}) {
    const auto got = post("/v1/chat/completions", body, simulate);
    EXPECT_EQ(got.status, 200) << got.body;
    return collect(*find_dialect("openai"), got.body);
  }
  static std::string text_of(const ChatResponse& response) {
    return response.choices.empty() ? "" : joined_text(response.choices[0].parts);
  }

  World world_;
  std::unique_ptr<SimulatedProvider> provider_;
  net::Origin origin_;
};

constexpr std::string_view kHello =
    R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello there"}]})";
constexpr std::string_view kHelloStream =
    R"({"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hello there"}]})";

TEST_F(Simulated, SaysThatItIsAndCountsTokens) {
  const ChatResponse response = chat(kHello);
  EXPECT_EQ(response.model, "simulated/gpt-4o-mini");
  const std::string text = text_of(response);
  EXPECT_NE(text.find("simulated"), std::string::npos);
  EXPECT_NE(text.find("Hello there"), std::string::npos);
  EXPECT_EQ(response.choices[0].stop, StopReason::kEnd);
  ChatCounter prompt("gpt-4o-mini");
  prompt.message("user");
  prompt.text("Hello there");
  EXPECT_EQ(response.usage.input, prompt.total().count);
  EXPECT_EQ(response.usage.output, static_cast<std::int64_t>(count_tokens(Encoding::kO200kBase, text)));
}

TEST_F(Simulated, StreamsTheSameAnswerTokenByToken) {
  const ChatResponse whole = chat(kHello);
  const auto got = post("/v1/chat/completions", kHelloStream);
  const ResponseBuilder built = collect(*find_dialect("openai"), got.body);
  EXPECT_TRUE(built.ended());
  EXPECT_EQ(text_of(built.response()).substr(0, 40), text_of(whole).substr(0, 40));
  EXPECT_EQ(built.response().model, "simulated/gpt-4o-mini");
  EXPECT_EQ(built.response().choices[0].stop, StopReason::kEnd);
  const std::string text = text_of(built.response());
  EXPECT_EQ(built.response().usage.output,
            static_cast<std::int64_t>(count_tokens(Encoding::kO200kBase, text)));
  // Role, tokens, stop, usage and [DONE], each an event of its own.
  EXPECT_EQ(events_of(got.body).size(), count_tokens(Encoding::kO200kBase, text) + 4);
}

TEST_F(Simulated, UsageIsSentOnlyToAClientThatAsked) {
  const auto got = post("/v1/chat/completions",
                        R"({"model":"m","stream":true,"messages":[{"role":"user","content":"Hello"}]})");
  EXPECT_EQ(got.body.find("usage"), std::string::npos);
  EXPECT_NE(got.body.find("data: [DONE]"), std::string::npos);
}

TEST_F(Simulated, TheSameSeedAndRequestGiveTheSameAnswer) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"logprobs":true,"top_logprobs":2,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string","format":"uuid"}},"required":["a","b"]}}}})";
  const ChatResponse one = chat(body);
  const ChatResponse two = chat(body);
  EXPECT_EQ(one.id, two.id);
  EXPECT_EQ(text_of(one), text_of(two));
  EXPECT_EQ(one.choices[0].logprobs, two.choices[0].logprobs);
  SimulatedOptions other;
  other.seed = 2;
  Simulated::start(std::move(other));
  EXPECT_NE(chat(body).id, one.id);
}

constexpr std::string_view kTools =
    R"("tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":5}},"required":["city","days"]}}},{"type":"function","function":{"name":"send_mail","parameters":{"type":"object","properties":{"to":{"type":"string","format":"email"}},"required":["to"]}}}])";

std::vector<ToolCallPart> calls_of(const ChatResponse& response) {
  std::vector<ToolCallPart> calls;
  for (const Choice& choice : response.choices)
    for (const Part& part : choice.parts)
      if (const auto* call = part.as<ToolCallPart>()) calls.push_back(*call);
  return calls;
}

TEST_F(Simulated, CallsTheToolsThatAreAskedFor) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"Get the weather, then send a mail"}],)" +
      std::string(kTools) + "}";
  const ChatResponse response = chat(body);
  const auto calls = calls_of(response);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].name, "get_weather");
  EXPECT_EQ(calls[1].name, "send_mail");
  EXPECT_NE(calls[0].id, calls[1].id);
  EXPECT_EQ(response.choices[0].stop, StopReason::kToolCalls);
  const auto arguments = parse_json(calls[0].arguments);
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(arguments->at("city").is_string());
  EXPECT_GE(arguments->at("days").as_int64(), 1);
  EXPECT_LE(arguments->at("days").as_int64(), 5);

  const std::string streamed = body.substr(0, body.size() - 1) + R"(,"stream":true})";
  const ResponseBuilder built = stream(streamed);
  const auto streamed_calls = calls_of(built.response());
  ASSERT_EQ(streamed_calls.size(), 2u);
  EXPECT_TRUE(parse_json(streamed_calls[1].arguments));
  EXPECT_EQ(built.response().choices[0].stop, StopReason::kToolCalls);

  EXPECT_EQ(calls_of(chat(body.substr(0, body.size() - 1) + R"(,"parallel_tool_calls":false})")).size(), 1u);
  EXPECT_EQ(calls_of(chat(body.substr(0, body.size() - 1) + R"(,"tool_choice":"none"})")).size(), 0u);
  const std::string plain =
      R"({"model":"m","messages":[{"role":"user","content":"Hi"}],)" + std::string(kTools);
  EXPECT_EQ(calls_of(chat(plain + "}")).size(), 0u);
  EXPECT_EQ(calls_of(chat(plain + R"(,"tool_choice":"required"})")).size(), 1u);
  const auto named =
      calls_of(chat(plain + R"(,"tool_choice":{"type":"function","function":{"name":"send_mail"}}})"));
  ASSERT_EQ(named.size(), 1u);
  EXPECT_EQ(named[0].name, "send_mail");
}

TEST_F(Simulated, AnswersInWordsAfterToolResults) {
  const ChatResponse response = chat(
      R"({"model":"m","messages":[{"role":"user","content":"get weather"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"sunny, 21 C"}],)" +
      std::string(kTools) + "}");
  EXPECT_TRUE(calls_of(response).empty());
  EXPECT_NE(text_of(response).find("sunny, 21 C"), std::string::npos);
}

TEST_F(Simulated, ManyChoicesStopsAndLimits) {
  const ChatResponse three = chat(R"({"model":"m","n":3,"messages":[{"role":"user","content":"x"}]})");
  ASSERT_EQ(three.choices.size(), 3u);
  EXPECT_NE(joined_text(three.choices[0].parts), joined_text(three.choices[2].parts));
  const ResponseBuilder streamed =
      stream(R"({"model":"m","n":2,"stream":true,"messages":[{"role":"user","content":"x"}]})");
  ASSERT_EQ(streamed.response().choices.size(), 2u);
  EXPECT_NE(joined_text(streamed.response().choices[0].parts),
            joined_text(streamed.response().choices[1].parts));

  const ChatResponse cut =
      chat(R"({"model":"gpt-4o","max_tokens":4,"messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(cut.choices[0].stop, StopReason::kMaxTokens);
  EXPECT_EQ(cut.usage.output, 4);
  const ChatResponse stopped =
      chat(R"({"model":"m","stop":[" answer"],"messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(text_of(stopped), "This is a simulated");
}

TEST_F(Simulated, Logprobs) {
  const ChatResponse response = chat(
      R"({"model":"gpt-4o","logprobs":true,"top_logprobs":3,"messages":[{"role":"user","content":"x"}]})");
  const json::array& content = response.choices[0].logprobs.at("content").as_array();
  std::string joined;
  for (const json::value& token : content) {
    joined += token.at("token").as_string();
    EXPECT_LE(token.at("logprob").as_double(), 0);
    EXPECT_EQ(token.at("top_logprobs").as_array().size(), 3u);
  }
  EXPECT_EQ(joined, text_of(response));
}

TEST_F(Simulated, ScriptedReplies) {
  start(R"yaml(
seed: 7
rules:
  - name: refund
    match: { regex: "refund for order (\\d+)" }
    reply: "Order {{1}} is refunded."
  - match: { contains: LOOK }
    reasoning: thinking of {{user}}
    tool_calls:
      - name: lookup
        arguments: { id: "42", deep: { flag: true, n: 1.5 }, list: [1, two] }
  - match: { model: "bad-*" }
    fault: { status: 429, retry-after: 7, message: slow down, headers: { x-why: test } }
  - match: { tool_result: true }
    reply: "It said {{result}}. {{unknown}}"
)yaml");
  EXPECT_EQ(
      text_of(chat(R"({"model":"m","messages":[{"role":"user","content":"A refund for order 77 please"}]})")),
      "Order 77 is refunded.");
  const ChatResponse looked = chat(R"({"model":"m","messages":[{"role":"user","content":"look it up"}]})");
  ASSERT_EQ(calls_of(looked).size(), 1u);
  EXPECT_EQ(calls_of(looked)[0].arguments, R"({"id":"42","deep":{"flag":true,"n":1.5},"list":[1,"two"]})");
  EXPECT_EQ(looked.choices[0].stop, StopReason::kToolCalls);
  ASSERT_NE(looked.choices[0].parts[0].as<ReasoningPart>(), nullptr);
  EXPECT_GT(looked.usage.reasoning, 0);
  const auto bad =
      post("/v1/chat/completions", R"({"model":"bad-one","messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(bad.status, 429);
  const ProviderError error = find_dialect("openai")->decode_error(bad.status, "7", bad.body);
  EXPECT_EQ(error.error_class, ErrorClass::kRateLimited);
  EXPECT_EQ(error.message, "slow down");
  EXPECT_EQ(error.retry_after_ms, 7000);
  EXPECT_EQ(text_of(chat(R"({"model":"m","messages":[{"role":"tool","tool_call_id":"c","content":"yes"}]})")),
            "It said yes. {{unknown}}");
}

TEST(SimulatedScript, MistakesAreNamedWithTheirLine) {
  const auto where = [](std::string_view yaml) {
    const auto options = parse_simulated_script(yaml, "s.yaml");
    return options ? "accepted" : options.error().where;
  };
  EXPECT_EQ(where("seed: 1\nrules:\n  - match: { regex: '(' }\n"), "s.yaml:3");
  EXPECT_EQ(where("seed: one\n"), "s.yaml:1");
  EXPECT_EQ(where("seed: 1\nstatsu: 500\n"), "s.yaml:2");
  EXPECT_EQ(where("rules:\n  - reply: x\n    fault: { status: 99 }\n"), "s.yaml:3");
  EXPECT_EQ(where("rules: 5\n"), "s.yaml:1");
  EXPECT_EQ(where("[1, 2]\n"), "s.yaml:1");
  EXPECT_EQ(where("a: [1\n"), "s.yaml:2");
  EXPECT_EQ(where("rules:\n  - match: { colour: red }\n"), "s.yaml:2");
  EXPECT_EQ(where(""), "accepted");
}

TEST_F(Simulated, FailsOnDemandByHeaderSuffixAndField) {
  EXPECT_EQ(post("/v1/chat/completions", kHello, "status=503; message=away").status, 503);
  EXPECT_EQ(
      post("/v1/chat/completions",
           R"({"model":"gpt-4o?status=500&message=no%20luck","messages":[{"role":"user","content":"x"}]})")
          .status,
      500);
  EXPECT_EQ(
      post(
          "/v1/chat/completions",
          R"({"model":"m","simulate":{"status":418,"headers":{"x-a":"b"}},"messages":[{"role":"user","content":"x"}]})")
          .status,
      418);
  const auto unknown = post("/v1/chat/completions", kHello, "statsu=503");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.body.find("status"), std::string::npos);
  EXPECT_EQ(chat(R"({"model":"gpt-4o?cached-tokens=3","messages":[{"role":"user","content":"x"}]})")
                .usage.cache_read,
            3);
}

TEST_F(Simulated, EveryNthOnly) {
  int failures = 0;
  for (int i = 0; i < 9; ++i)
    failures += post("/v1/chat/completions", kHello, "status=500; every=3").status == 500;
  EXPECT_EQ(failures, 3);
}

TEST_F(Simulated, StreamsBreakInAllTheWaysTheyDo) {
  // Cut: the transport ends abnormally after some text.
  const auto cut = post("/v1/chat/completions", kHelloStream, "cut-after=3");
  EXPECT_FALSE(cut.result);
  EXPECT_EQ(text_of(collect(*find_dialect("openai"), cut.body).response()), "This is a");
  EXPECT_TRUE(collect(*find_dialect("openai"), cut.body).error());

  // Error event.
  const auto error =
      collect(*find_dialect("openai"), post("/v1/chat/completions", kHelloStream, "error-after=2").body);
  ASSERT_TRUE(error.error());
  EXPECT_EQ(error.error()->error_class, ErrorClass::kOverloaded);

  // Malformed event.
  const auto malformed = post("/v1/chat/completions", kHelloStream, "malformed-after=2");
  bool seen = false;
  OpenAiScanner scanner;
  StreamScanner scan(scanner);
  for (const auto& event : events_of(malformed.body)) seen = scan.feed(event.data).malformed || seen;
  EXPECT_TRUE(seen);
  EXPECT_TRUE(scan.done());

  // Usage variants.
  const auto null_usage = post("/v1/chat/completions", kHelloStream, "usage=null");
  EXPECT_NE(null_usage.body.find(R"("choices":[],"usage":null)"), std::string::npos);
  EXPECT_FALSE(collect(*find_dialect("openai"), null_usage.body).response().usage.known());
  EXPECT_FALSE(stream(kHelloStream, "usage=missing").response().usage.known());

  // No terminator, and bytes in tiny pieces.
  EXPECT_EQ(post("/v1/chat/completions", kHelloStream, "no-done").body.find("[DONE]"), std::string::npos);
  EXPECT_TRUE(stream(kHelloStream, "piece-bytes=7").ended());

  // Silence: our own clock must end it.
  net::ClientClocks clocks;
  clocks.idle_ms = 60;
  const auto stalled = post("/v1/chat/completions", kHelloStream, "stall-after=1", clocks);
  ASSERT_FALSE(stalled.result);
  EXPECT_EQ(stalled.result.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(Simulated, WholeAnswersBreakToo) {
  const auto truncated = post("/v1/chat/completions", kHello, "truncate-json");
  EXPECT_EQ(truncated.status, 200);
  EXPECT_TRUE(truncated.result);
  EXPECT_FALSE(find_dialect("openai")->decode_response(truncated.body));
  EXPECT_FALSE(post("/v1/chat/completions", kHello, "cut-after=1").result);
  net::ClientClocks clocks;
  clocks.first_byte_ms = 60;
  const auto slow = post("/v1/chat/completions", kHello, "slow-headers-ms=5000", clocks);
  ASSERT_FALSE(slow.result);
  EXPECT_EQ(slow.result.error().code, ErrorCode::kDeadlineExceeded);
  OpenAiScanner scanner;
  EXPECT_FALSE(scanner.scan_response(post("/v1/chat/completions", kHello, "usage=null").body)->has_usage);
}

TEST_F(Simulated, KeepsTime) {
  const std::int64_t before = mono_now_ns();
  const auto built =
      stream(R"({"model":"gpt-4o","stream":true,"max_tokens":6,"messages":[{"role":"user","content":"x"}]})",
             "first-token-ms=30; tokens-per-second=100");
  EXPECT_TRUE(built.ended());
  // 30 ms, then five more tokens 10 ms apart; never early.
  EXPECT_GE(mono_now_ns() - before, 80'000'000);
}

TEST_F(Simulated, SpeaksAnthropicsDialect) {
  const std::string body =
      R"({"model":"claude-x","max_tokens":900,"messages":[{"role":"user","content":"Get the weather"}],"thinking":{"type":"enabled","budget_tokens":1024},"tools":[{"name":"get_weather","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}])";
  const auto got = post("/v1/messages", body + "}");
  ASSERT_EQ(got.status, 200) << got.body;
  const auto whole = find_dialect("anthropic")->decode_response(got.body);
  ASSERT_TRUE(whole) << whole.error().describe();
  EXPECT_EQ(whole->model, "simulated/claude-x");
  ASSERT_EQ(whole->choices[0].parts.size(), 2u);
  ASSERT_NE(whole->choices[0].parts[0].as<ReasoningPart>(), nullptr);
  EXPECT_FALSE(whole->choices[0].parts[0].as<ReasoningPart>()->signature.empty());
  EXPECT_EQ(calls_of(*whole).size(), 1u);
  EXPECT_EQ(whole->choices[0].stop, StopReason::kToolCalls);
  EXPECT_GT(whole->usage.reasoning, 0);

  const auto streamed = post("/v1/messages", body + R"(,"stream":true})");
  ASSERT_EQ(streamed.status, 200);
  const ResponseBuilder built = collect(*find_dialect("anthropic"), streamed.body);
  ASSERT_TRUE(built.ended()) << streamed.body;
  EXPECT_TRUE(parse_json(calls_of(built.response()).at(0).arguments));
  EXPECT_EQ(built.response().choices[0].stop, StopReason::kToolCalls);
  EXPECT_GT(built.response().usage.output, 0);
  EXPECT_GT(built.response().usage.input, 0);
  // The prompt's tokens are told at the start, as Anthropic tells them.
  EXPECT_NE(events_of(streamed.body)[0].data.find("\"input_tokens\":" +
                                                  std::to_string(built.response().usage.input)),
            std::string::npos)
      << streamed.body;

  const auto failed = post("/v1/messages", body + "}", "status=529");
  EXPECT_EQ(failed.status, 529);
  EXPECT_EQ(find_dialect("anthropic")->decode_error(529, "", failed.body).error_class,
            ErrorClass::kOverloaded);
  const auto broken = post("/v1/messages", body + R"(,"stream":true})", "error-after=3");
  EXPECT_TRUE(collect(*find_dialect("anthropic"), broken.body).error());
  EXPECT_EQ(post("/v1/messages", R"({"model":"m","messages":[]})").status, 400);
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(SimulatedEmbedding, SimilarTextsAreNear) {
  const auto embed = [](std::string_view text) { return simulated_embedding(text, 256, 1); };
  const auto refund = embed("How do I get a refund for my order?");
  EXPECT_NEAR(cosine(refund, refund), 1.0, 1e-5);
  EXPECT_EQ(refund, embed("How do I get a refund for my order?"));
  const double near = cosine(refund, embed("I want refunds for two of my orders"));
  const double far = cosine(refund, embed("The glacier melts faster every summer in Greenland"));
  EXPECT_GT(near, far + 0.2);
  EXPECT_NEAR(cosine(embed(""), embed("")), 1.0, 1e-6);
  EXPECT_NE(embed("a"), simulated_embedding("a", 256, 2));
}

TEST_F(Simulated, EmbedsInBothEncodings) {
  const auto floats =
      post("/v1/embeddings",
           R"({"model":"text-embedding-3-small","input":["one text","another"],"dimensions":64})");
  ASSERT_EQ(floats.status, 200) << floats.body;
  const auto plain = find_dialect("openai")->decode_embedding_response(floats.body);
  ASSERT_TRUE(plain) << plain.error().describe();
  ASSERT_EQ(plain->vectors.size(), 2u);
  EXPECT_EQ(plain->vectors[0].size(), 64u);
  EXPECT_EQ(plain->model, "simulated/text-embedding-3-small");
  EXPECT_EQ(plain->usage.input, static_cast<std::int64_t>(count_tokens(Encoding::kCl100kBase, "one text") +
                                                          count_tokens(Encoding::kCl100kBase, "another")));
  const auto packed = find_dialect("openai")->decode_embedding_response(
      post(
          "/v1/embeddings",
          R"({"model":"text-embedding-3-small","input":["one text","another"],"dimensions":64,"encoding_format":"base64"})")
          .body);
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->vectors, plain->vectors);
  const auto by_tokens = find_dialect("openai")->decode_embedding_response(
      post("/v1/embeddings", R"({"model":"text-embedding-3-small","input":[)" +
                                 std::to_string(encode(Encoding::kCl100kBase, "one text")[0]) + "," +
                                 std::to_string(encode(Encoding::kCl100kBase, "one text")[1]) +
                                 R"(],"dimensions":64})")
          .body);
  ASSERT_TRUE(by_tokens);
  EXPECT_EQ(by_tokens->vectors[0], plain->vectors[0]);
  EXPECT_EQ(post("/v1/embeddings", R"({"model":"e","input":[]})").status, 400);
  EXPECT_EQ(find_dialect("openai")
                ->decode_embedding_response(
                    post("/v1/embeddings", R"({"model":"text-embedding-3-small","input":"x"})").body)
                ->vectors[0]
                .size(),
            1536u);
}

TEST_F(Simulated, ModelsAndUnknownPaths) {
  start();
  const auto get = [&](std::string_view target) {
    return world_.fetch(origin_,
                        net::OutgoingRequest{.method = "GET", .target = target, .headers = {}, .body = {}});
  };
  const auto list = parse_json(get("/v1/models").body);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->at("data").as_array().size(), 3u);
  EXPECT_EQ(get("/v1/models/simulated-small").status, 200);
  EXPECT_EQ(get("/v1/models/nobody").status, 404);
  EXPECT_EQ(get("/v1/chat/completions").status, 405);
  EXPECT_EQ(get("/nowhere").status, 404);
  EXPECT_EQ(post("/v1/chat/completions", "{").status, 400);
}

TEST(SimulatedInstance, SatisfiesSchemas) {
  const auto schema = parse_json(R"({
    "type":"object","additionalProperties":false,
    "required":["name","kind","count","ratio","tags","who","either","tree","fixed"],
    "properties":{
      "name":{"type":"string","minLength":30,"maxLength":40},
      "kind":{"enum":["a","b"]},
      "count":{"type":"integer","minimum":3,"maximum":4},
      "ratio":{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.005},
      "tags":{"type":"array","minItems":2,"maxItems":3,"items":{"type":"string"}},
      "who":{"$ref":"#/$defs/person"},
      "either":{"anyOf":[{"type":"boolean"},{"type":"null"}]},
      "tree":{"$ref":"#/$defs/node"},
      "fixed":{"const":{"x":1}}},
    "$defs":{
      "person":{"type":"object","properties":{"mail":{"type":"string","format":"email"}},"required":["mail"]},
      "node":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["next"]}}})");
  ASSERT_TRUE(schema);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const json::value v = simulated_instance(*schema, seed);
    EXPECT_GE(v.at("name").as_string().size(), 30u);
    EXPECT_LE(v.at("name").as_string().size(), 40u);
    EXPECT_TRUE(v.at("kind") == "a" || v.at("kind") == "b");
    EXPECT_TRUE(v.at("count") == 3 || v.at("count") == 4);
    const double ratio = v.at("ratio").to_number<double>();
    EXPECT_GT(ratio, 0);
    EXPECT_LT(ratio, 0.005);
    EXPECT_GE(v.at("tags").as_array().size(), 2u);
    EXPECT_NE(v.at("who").at("mail").as_string().find('@'), std::string::npos);
    EXPECT_TRUE(v.at("either").is_bool());
    EXPECT_TRUE(v.at("tree").is_object());
    EXPECT_EQ(v.at("fixed").at("x"), 1);
  }
}

}  // namespace
}  // namespace slipway::llm
