// SPDX-License-Identifier: Apache-2.0
#include "llm/openai_scan.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace slipway::llm {
namespace {

class ScanRequest : public testing::Test {
 protected:
  Result<RequestScan> chat(std::string_view body) { return scanner_.scan_request(body, ScanKind::kChat); }
  std::string where(std::string_view body) {
    const auto scan = chat(body);
    return scan ? "accepted" : scan.error().where;
  }
  std::string rewritten(std::string_view body, std::string_view model = "up", bool usage = true) {
    const auto scan = chat(body);
    if (!scan) return scan.error().describe();
    std::string out;
    rewrite_request(body, *scan, model, usage, out);
    return out;
  }
  OpenAiScanner scanner_;
};

TEST_F(ScanRequest, FindsTheFieldsThatMatter) {
  const std::string body =
      R"({"model":"gpt-4o","messages":[{"role":"user","content":"hi"},{"role":"user","content":[{"type":"text","text":"x"}]}],)"
      R"("stream":true,"stream_options":{"include_usage":true},"user":"u-1","max_tokens":5,"max_completion_tokens":7,)"
      R"("n":2,"tools":[{"type":"function","function":{"name":"f"}}],"new_thing":{"a":[1,2.5e3,null]}})";
  const auto scan = chat(body);
  ASSERT_TRUE(scan) << scan.error().describe();
  EXPECT_EQ(scan->model, "gpt-4o");
  EXPECT_EQ(body.substr(scan->model_range.begin, scan->model_range.size()), "\"gpt-4o\"");
  EXPECT_TRUE(scan->stream);
  EXPECT_TRUE(scan->include_usage);
  EXPECT_EQ(scan->user, "u-1");
  EXPECT_EQ(scan->max_tokens, 7);
  EXPECT_EQ(scan->n, 2);
  EXPECT_EQ(scan->message_count, 2u);
  EXPECT_TRUE(scan->has_tools);
}

TEST_F(ScanRequest, ViewsPointIntoTheBodyWhetherPaddedOrCopied) {
  std::string body = R"({"user":"me","messages":[{"role":"user","content":"hi"}],"model":"m1"})";
  const std::size_t size = body.size();
  body.append(OpenAiScanner::kPadding, '\0');
  const std::string_view view(body.data(), size);
  for (const std::size_t padding : {std::size_t{0}, OpenAiScanner::kPadding}) {
    const auto scan = scanner_.scan_request(view, ScanKind::kChat, padding);
    ASSERT_TRUE(scan) << scan.error().describe();
    EXPECT_EQ(scan->model, "m1");
    EXPECT_EQ(scan->user, "me");
    EXPECT_GE(scan->model.data(), body.data());
    EXPECT_LT(scan->model.data(), body.data() + size);
  }
}

TEST_F(ScanRequest, EscapedNamesAreUnderstood) {
  const auto scan = chat(R"({"mod\u0065l":"gpt\u002d4o","messages":[{"role":"user","content":"hi"}]})");
  ASSERT_TRUE(scan) << scan.error().describe();
  EXPECT_EQ(scan->model, "gpt-4o");
  EXPECT_EQ(rewritten(R"({"mod\u0065l":"gpt\u002d4o","messages":[{"role":"user","content":"hi"}]})"),
            R"({"mod\u0065l":"up","messages":[{"role":"user","content":"hi"}]})");
}

TEST_F(ScanRequest, TheSameFieldTwiceIsRefused) {
  EXPECT_EQ(where(R"({"model":"a","model":"b","messages":[{"role":"user","content":""}]})"), "model");
  EXPECT_EQ(where(R"({"model":"a","mod\u0065l":"b","messages":[{"role":"user","content":""}]})"), "model");
  EXPECT_EQ(where(R"({"model":"a","stream":true,"stream":false,"messages":[{"role":"user","content":""}]})"),
            "stream");
}

TEST_F(ScanRequest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(where(R"({"messages":[{"role":"user","content":"x"}]})"), "model");
  EXPECT_EQ(where(R"({"model":"","messages":[{"role":"user","content":"x"}]})"), "model");
  EXPECT_EQ(where(R"({"model":5,"messages":[{"role":"user","content":"x"}]})"), "model");
  EXPECT_EQ(where(R"({"model":null,"messages":[{"role":"user","content":"x"}]})"), "model");
  EXPECT_EQ(where(R"({"model":{"a":1},"messages":[{"role":"user","content":"x"}]})"), "model");
  EXPECT_EQ(where(R"({"model":"m"})"), "messages");
  EXPECT_EQ(where(R"({"model":"m","messages":"hi"})"), "messages");
  EXPECT_EQ(where(R"({"model":"m","messages":[]})"), "messages");
  EXPECT_EQ(where(R"({"model":"m","messages":["hi"]})"), "messages[0]");
  EXPECT_EQ(where(R"({"model":"m","messages":[{"role":"user","content":"x"},{"content":"x"}]})"),
            "messages[1].role");
  EXPECT_EQ(where(R"({"model":"m","messages":[{"role":7,"content":"x"}]})"), "messages[0].role");
  EXPECT_EQ(where(R"({"model":"m","messages":[{"role":"user","content":7}]})"), "messages[0].content");
  EXPECT_EQ(where(R"({"model":"m","stream":"yes","messages":[{"role":"user","content":"x"}]})"), "stream");
  EXPECT_EQ(where(R"({"model":"m","n":0,"messages":[{"role":"user","content":"x"}]})"), "n");
  EXPECT_EQ(where(R"({"model":"m","n":1.5,"messages":[{"role":"user","content":"x"}]})"), "n");
  EXPECT_EQ(where(R"({"model":"m","max_tokens":"many","messages":[{"role":"user","content":"x"}]})"),
            "max_tokens");
  EXPECT_EQ(where(R"({"model":"m","max_tokens":1e400,"messages":[{"role":"user","content":"x"}]})"),
            "max_tokens");
  EXPECT_EQ(where(R"({"model":"m","user":[1],"messages":[{"role":"user","content":"x"}]})"), "user");
  EXPECT_EQ(where(R"({"model":"m","tools":{},"messages":[{"role":"user","content":"x"}]})"), "tools");
  EXPECT_EQ(where(R"({"model":"m","stream_options":[],"messages":[{"role":"user","content":"x"}]})"),
            "stream_options");
  EXPECT_EQ(
      where(
          R"({"model":"m","stream_options":{"include_usage":1},"messages":[{"role":"user","content":"x"}]})"),
      "stream_options.include_usage");
}

TEST_F(ScanRequest, RefusesWhatIsNotOneJsonObject) {
  const char* const tail = R"("messages":[{"role":"user","content":"x"}])";
  EXPECT_TRUE(chat(std::string(R"({"model":"m",)") + tail + "}"));
  const std::string wrong[] = {
      "",
      "   ",
      "[]",
      "\"text\"",
      "42",
      "{",
      "{}}",
      std::string(R"({"model":"m",)") + tail,
      std::string(R"({"model":"m",)") + tail + "} {}",
      std::string(R"({"model":"m",)") + tail + "}]",
      std::string(R"({"model":"m",)") + tail + ",}",
      std::string(R"({"model":"m" "x":1,)") + tail + "}",
      std::string(R"({"model" "m",)") + tail + "}",
      std::string(R"({"model":"m","x":tru,)") + tail + "}",
      std::string(R"({"model":"m","x":01,)") + tail + "}",
      std::string(R"({"model":"m","x":+1,)") + tail + "}",
      std::string(R"({"model":"m","x":1.,)") + tail + "}",
      std::string(R"({"model":"m","x":NaN,)") + tail + "}",
      std::string(R"({"model":"m","x":"\q",)") + tail + "}",
      std::string(R"({"model":"m","x":"\u12g4",)") + tail + "}",
      std::string(R"({"model":"m","x":"\u12",)") + tail + "}",
      std::string(R"({"model":"m","x":[1 2],)") + tail + "}",
      std::string(R"({"model":"m","x":[1,],)") + tail + "}",
      std::string(R"({"model":"m","x":'y',)") + tail + "}",
      std::string("{\"model\":\"m\",\"x\":\"a\nb\",") + tail + "}",
      std::string("{\"model\":\"m\",\"x\":\"\xff\xfe\",") + tail + "}",
      std::string("{\"model\":\"m\",\"x\":\"\xc0\xaf\",") + tail + "}",
      std::string("\xef\xbb\xbf{\"model\":\"m\",\"x\":\"\xed\xa0\x80\",") + tail + "}",
  };
  for (const std::string& body : wrong) {
    const auto scan = chat(body);
    ASSERT_FALSE(scan) << body;
    EXPECT_EQ(scan.error().code, ErrorCode::kInvalidArgument) << body;
    EXPECT_FALSE(scan.error().message.empty()) << body;
  }
}

TEST_F(ScanRequest, UnbalancedBracketsNeverRunIntoWhatLiesBehind) {
  // The scanner's copy still holds the longer body before; and a caller's padding may hold the next request.
  std::string longer = R"({"model":"m","messages":[{"role":"user","content":")";
  for (int i = 0; i < 400; ++i) longer += R"(,\",\")";
  ASSERT_TRUE(chat(longer + "\"}]}"));
  const std::string open =
      R"({"model":"m","messages":[{"role":"user","content":[{"a":[{"b":1}]},{"role":{}}]})";
  for (const std::string_view behind : {",\"role\":\"user\"}]}", ",,,,", "\"\"\"\"", "}]}", "]}}}"}) {
    std::string body = open + std::string(behind);
    body.append(2 * OpenAiScanner::kPadding, ',');
    const std::string_view cut(body.data(), open.size());
    EXPECT_FALSE(chat(cut)) << behind;
    EXPECT_FALSE(scanner_.scan_request(cut, ScanKind::kChat, OpenAiScanner::kPadding)) << behind;
    EXPECT_FALSE(scanner_.scan_response(cut, OpenAiScanner::kPadding)) << behind;
  }
}

TEST_F(ScanRequest, DepthIsLimited) {
  const auto nested = [](std::size_t levels) {
    std::string body = R"({"model":"m","messages":[{"role":"user","content":"x"}],"x":)";
    return body + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_TRUE(chat(nested(63)));
  const auto deep = chat(nested(64));
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().message.find("64 levels"), std::string::npos) << deep.error().message;
  EXPECT_FALSE(chat(nested(100'000)));
  const auto deep_message = chat(R"({"model":"m","messages":[{"role":"user","content":)" +
                                 std::string(62, '[') + std::string(62, ']') + "}]}");
  EXPECT_FALSE(deep_message);
}

TEST_F(ScanRequest, HugeNumbersPassThrough) {
  EXPECT_TRUE(chat(
      R"({"model":"m","seed":123456789012345678901234567890,"x":-1E+9999,"messages":[{"role":"user","content":null}]})"));
}

TEST_F(ScanRequest, AsksForUsageWhereverItHasToBePut) {
  const std::string messages = R"("messages":[{"role":"user","content":"é\u00e9"}])";
  EXPECT_EQ(
      rewritten("{" + messages + R"(, "model" : "a" , "stream":true})"),
      R"({"stream_options":{"include_usage":true},)" + messages + R"(, "model" : "up" , "stream":true})");
  EXPECT_EQ(rewritten(R"({"model":"a","stream":true,"stream_options":{}, )" + messages + "}"),
            R"({"model":"up","stream":true,"stream_options":{"include_usage":true}, )" + messages + "}");
  EXPECT_EQ(
      rewritten(R"({"stream_options":{ "x":1},"stream":true,"model":"a",)" + messages + "}"),
      R"({"stream_options":{"include_usage":true, "x":1},"stream":true,"model":"up",)" + messages + "}");
  EXPECT_EQ(
      rewritten(R"({"stream_options":{"x":1,"include_usage": false },"stream":true,"model":"a",)" + messages +
                "}"),
      R"({"stream_options":{"x":1,"include_usage": true },"stream":true,"model":"up",)" + messages + "}");
  EXPECT_EQ(rewritten(R"({"model":"a","stream_options":null,"stream":true,)" + messages + "}"),
            R"({"model":"up","stream_options":{"include_usage":true},"stream":true,)" + messages + "}");
  // Nothing to ask: no stream, or asked already.
  EXPECT_EQ(rewritten(R"({"model":"a",)" + messages + "}"), R"({"model":"up",)" + messages + "}");
  const std::string asked =
      R"({"model":"a","stream":true,"stream_options":{"include_usage":true},)" + messages + "}";
  EXPECT_EQ(rewritten(asked, "", true), asked);
  EXPECT_EQ(rewritten(R"({"model":"a",)" + messages + "}", "q\"uote"),
            R"({"model":"q\"uote",)" + messages + "}");
}

TEST_F(ScanRequest, WhatIsRewrittenScansAgain) {
  const std::string body =
      " {\n \"stream\" : true ,\t\"messages\":[ { \"role\" : \"user\" , \"content\":\"x\"}] , "
      "\"model\":\"a\" } \n";
  const std::string out = rewritten(body);
  const auto scan = chat(out);
  ASSERT_TRUE(scan) << out;
  EXPECT_EQ(scan->model, "up");
  EXPECT_TRUE(scan->include_usage);
}

TEST_F(ScanRequest, Embeddings) {
  const auto scan = scanner_.scan_request(R"({"model":"e","input":["a","b","c"]})", ScanKind::kEmbeddings);
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->message_count, 3u);
  EXPECT_EQ(scanner_.scan_request(R"({"model":"e","input":[1,2,3]})", ScanKind::kEmbeddings)->message_count,
            1u);
  EXPECT_EQ(scanner_.scan_request(R"({"model":"e","input":[[1],[2]]})", ScanKind::kEmbeddings)->message_count,
            2u);
  EXPECT_EQ(scanner_.scan_request(R"({"model":"e"})", ScanKind::kEmbeddings).error().where, "input");
  EXPECT_EQ(scanner_.scan_request(R"({"model":"e","input":3})", ScanKind::kEmbeddings).error().where,
            "input");
  EXPECT_EQ(scanner_.scan_request(R"({"model":"e","input":[]})", ScanKind::kEmbeddings).error().where,
            "input");
}

constexpr std::string_view kResponse =
    R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-2024-08-06","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"He said \"usage\": {\"prompt_tokens\": 5}","refusal":null},)"
    R"("logprobs":null,"finish_reason":"tool_calls"},{"index":1,"message":{},"finish_reason":"length"}],)"
    R"("usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":)"
    R"({"cached_tokens":64,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":0,)"
    R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"system_fingerprint":"fp_1"})";

TEST(ScanResponse, ReadsUsageInClasses) {
  OpenAiScanner scanner;
  const auto scan = scanner.scan_response(kResponse);
  ASSERT_TRUE(scan) << scan.error().describe();
  EXPECT_EQ(scan->id, "chatcmpl-1");
  EXPECT_EQ(scan->model, "gpt-4o-2024-08-06");
  EXPECT_EQ(kResponse.substr(scan->model_range.begin, scan->model_range.size()), "\"gpt-4o-2024-08-06\"");
  EXPECT_EQ(scan->finish_reason, "tool_calls");
  ASSERT_TRUE(scan->has_usage);
  EXPECT_EQ(scan->usage.input, 36);
  EXPECT_EQ(scan->usage.cache_read, 64);
  EXPECT_EQ(scan->usage.output, 30);
  EXPECT_EQ(scan->usage.reasoning, 20);
  EXPECT_EQ(scan->usage.cache_write, -1);
  EXPECT_FALSE(scan->has_error);
}

TEST(ScanResponse, UsageMayBeAbsentNullOrNonsense) {
  OpenAiScanner scanner;
  EXPECT_FALSE(scanner.scan_response(R"({"choices":[]})")->has_usage);
  EXPECT_FALSE(scanner.scan_response(R"({"usage":null})")->has_usage);
  EXPECT_FALSE(scanner.scan_response(R"({"usage":"lots"})")->has_usage);
  EXPECT_FALSE(scanner.scan_response(R"({"usage":{}})")->has_usage);
  const auto odd = scanner.scan_response(
      R"({"usage":{"prompt_tokens":-5,"completion_tokens":1e300,"total_tokens":"7","completion_tokens_details":null}})");
  EXPECT_FALSE(odd->has_usage);
  EXPECT_EQ(odd->usage, Usage{});
  const auto half =
      scanner.scan_response(R"({"usage":{"prompt_tokens":12.0,"completion_tokens":99999999999999999}})");
  EXPECT_TRUE(half->has_usage);
  EXPECT_EQ(half->usage.input, 12);
  EXPECT_EQ(half->usage.output, -1);
}

TEST(ScanResponse, TruncatedOrForeignBodiesAreErrors) {
  OpenAiScanner scanner;
  for (std::size_t cut = 0; cut < kResponse.size(); ++cut)
    EXPECT_FALSE(scanner.scan_response(kResponse.substr(0, cut))) << cut;
  EXPECT_FALSE(scanner.scan_response("<html>502</html>"));
  EXPECT_FALSE(scanner.scan_response("[]"));
  EXPECT_TRUE(scanner.scan_response(R"({"error":{"message":"no"}})")->has_error);
  EXPECT_FALSE(scanner.scan_response(R"({"error":null})")->has_error);
}

TEST(UsageClasses, CompatibleServers) {
  // LiteLLM and others repeat Anthropic's fields beside OpenAI's.
  OpenAiScanner scanner;
  const auto anthropic_like = scanner.scan_response(
      R"({"usage":{"prompt_tokens":120,"completion_tokens":9,"total_tokens":129,"cache_read_input_tokens":100,"cache_creation_input_tokens":5}})");
  EXPECT_EQ(anthropic_like->usage.input, 15);
  EXPECT_EQ(anthropic_like->usage.cache_read, 100);
  EXPECT_EQ(anthropic_like->usage.cache_write, 5);
  // DeepSeek.
  const auto deepseek = scanner.scan_response(
      R"({"usage":{"prompt_tokens":50,"completion_tokens":9,"total_tokens":59,"prompt_cache_hit_tokens":40,"prompt_cache_miss_tokens":10}})");
  EXPECT_EQ(deepseek->usage.input, 10);
  EXPECT_EQ(deepseek->usage.cache_read, 40);
  // xAI: reasoning is not part of completion_tokens; the total says so.
  const auto xai = scanner.scan_response(
      R"({"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}})");
  EXPECT_EQ(xai->usage.output, 9);
  EXPECT_EQ(xai->usage.reasoning, 94);
}

TEST(UsageClasses, ContradictionsNeverGoNegative) {
  const Usage usage =
      usage_from_openai({.prompt = 10, .completion = 5, .total = 15, .cached = 40, .reasoning = 9});
  EXPECT_EQ(usage.input, 10);
  EXPECT_EQ(usage.cache_read, -1);
  EXPECT_EQ(usage.output, 5);
  EXPECT_EQ(usage.reasoning, -1);
  const Usage beside = usage_from_openai({.prompt = 10, .completion = 5, .total = 55, .cached = 40});
  EXPECT_EQ(beside.input, 10);
  EXPECT_EQ(beside.cache_read, 40);
}

TEST(UsageClasses, ThereAndBack) {
  for (const Usage& usage : {Usage{10, 20, 3, 7, 9, -1, -1, false}, Usage{10, -1, -1, 7, -1, -1, -1, false},
                             Usage{5, 0, 0, 0, 0, 4, 6, false}}) {
    EXPECT_EQ(usage_from_openai(openai_from_usage(usage)), usage);
  }
}

TEST(Stream, FollowsAChatStream) {
  OpenAiScanner scanner;
  StreamScanner stream(scanner);
  auto info = stream.feed(
      R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null})");
  EXPECT_FALSE(info.content);
  EXPECT_FALSE(stream.first_content_seen());
  info = stream.feed(
      R"({"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"Hé\n"},"finish_reason":null}],"usage":null})");
  EXPECT_TRUE(info.content);
  EXPECT_TRUE(stream.first_content_seen());
  EXPECT_FALSE(stream.has_usage());
  stream.feed(R"({"choices":[{"index":1,"delta":{"content":"two"},"finish_reason":"length"}]})");
  info = stream.feed(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})");
  EXPECT_FALSE(info.content);
  EXPECT_FALSE(info.usage_only);
  info = stream.feed(
      R"({"id":"c1","model":"m-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":8}}})");
  EXPECT_TRUE(info.usage_only);
  info = stream.feed(R"({"choices":[],"usage":null})");
  EXPECT_FALSE(info.usage_only);
  EXPECT_TRUE(stream.feed("[DONE]").done);
  EXPECT_TRUE(stream.done());
  EXPECT_EQ(stream.id(), "c1");
  EXPECT_EQ(stream.model(), "m-1");
  EXPECT_EQ(stream.finish_reason(), "stop");
  EXPECT_EQ(stream.output_text(), "Hé\ntwo");
  ASSERT_TRUE(stream.has_usage());
  EXPECT_EQ(stream.usage().input, 1);
  EXPECT_EQ(stream.usage().cache_read, 8);
  EXPECT_EQ(stream.usage().output, 4);
}

TEST(Stream, UsageWithinAContentChunkIsNotHidden) {
  OpenAiScanner scanner;
  StreamScanner stream(scanner);
  const auto info = stream.feed(
      R"({"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})");
  EXPECT_FALSE(info.usage_only);
  EXPECT_TRUE(stream.has_usage());
  stream.feed(R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":5,"total_tokens":6}})");
  EXPECT_EQ(stream.usage().output, 5);
}

TEST(Stream, ToolCallsReasoningAndRefusalsAreContent) {
  OpenAiScanner scanner;
  StreamScanner stream(scanner);
  EXPECT_TRUE(
      stream
          .feed(
              R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}}]})")
          .content);
  EXPECT_TRUE(
      stream
          .feed(
              R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]})")
          .content);
  EXPECT_TRUE(stream.feed(R"({"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]})").content);
  EXPECT_TRUE(stream.feed(R"({"choices":[{"index":0,"delta":{"refusal":"no"}}]})").content);
  EXPECT_EQ(stream.output_text(), "weather{\"a\":hmno");
}

TEST(Stream, ErrorsAndGarbage) {
  OpenAiScanner scanner;
  StreamScanner stream(scanner);
  EXPECT_TRUE(stream.feed("not json").malformed);
  EXPECT_TRUE(stream.feed(R"({"choices":[{"index":0,"delta":{"content":"x"})").malformed);
  EXPECT_TRUE(stream.feed("").malformed);
  EXPECT_FALSE(stream.failed());
  EXPECT_TRUE(stream.feed(R"({"error":{"message":"overloaded","type":"server_error","code":null}})").error);
  EXPECT_TRUE(stream.failed());
  EXPECT_EQ(stream.error_message(), "overloaded");
  EXPECT_EQ(stream.error_type(), "server_error");
  stream.reset();
  EXPECT_FALSE(stream.failed());
  EXPECT_EQ(stream.chunks(), 0u);
}

TEST(Stream, KeptTextIsBoundedAtACharacter) {
  OpenAiScanner scanner;
  StreamScanner stream(scanner, 5);
  stream.feed(R"({"choices":[{"index":0,"delta":{"content":"abcdé"}}]})");
  stream.feed(R"({"choices":[{"index":0,"delta":{"content":"xyz"}}]})");
  EXPECT_EQ(stream.output_text().substr(0, 4), "abcd");
  EXPECT_LE(stream.output_text().size(), 5u);
  EXPECT_EQ(stream.output_bytes(), 9u);
}

}  // namespace
}  // namespace slipway::llm
