// SPDX-License-Identifier: Apache-2.0
#include "llm/dialect.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace slipway::llm {
namespace {

const Dialect& openai() { return *find_dialect("openai"); }
const Dialect& anthropic() { return *find_dialect("anthropic"); }

json::value parsed(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value.value_or(json::value());
}

// The body that `to` gets for what a client wrote in the dialect `from`.
json::value converted(const Dialect& from, const Dialect& to, std::string_view body) {
  const auto request = from.decode_request(body);
  EXPECT_TRUE(request) << request.error().describe();
  if (!request) return {};
  const auto encoded = to.encode_request(*request, {});
  EXPECT_TRUE(encoded) << encoded.error().describe();
  return encoded ? parsed(encoded->body) : json::value();
}

constexpr std::string_view kFullRequest = R"({
  "model":"gpt-4o","temperature":0.5,"top_p":0.9,"max_completion_tokens":300,"stop":["END"],"seed":7,"n":1,
  "frequency_penalty":0.1,"presence_penalty":-0.1,"logprobs":true,"top_logprobs":2,"user":"u1","metadata":{"k":"v"},
  "reasoning_effort":"low","parallel_tool_calls":false,"service_tier":"flex","logit_bias":{"50256":-100},"brand_new":{"deep":[1,2.50,null]},
  "response_format":{"type":"json_schema","json_schema":{"name":"out","strict":true,"schema":{"type":"object"}}},
  "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}},"strict":true}},
           {"type":"custom","custom":{"name":"c","format":{"type":"text"}}}],
  "tool_choice":{"type":"function","function":{"name":"f"}},
  "messages":[
    {"role":"developer","content":"be brief"},
    {"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
       {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}},
       {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,CCCC"}},
       {"type":"text","text":"cached","prompt_cache_breakpoint":{"mode":"explicit"}},
       {"type":"hologram","hologram":{"x":1}}],"name":"ann"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0,  \"b\":[]}"}}],"future":true},
    {"role":"tool","tool_call_id":"call_1","content":"42"},
    {"role":"assistant","content":"done","refusal":null},
    {"role":"user","content":"more"}]})";

TEST(OpenAiRequest, GoesThroughUnharmed) {
  const json::value out = converted(openai(), openai(), kFullRequest);
  json::value expected = parsed(kFullRequest);
  expected.at("messages").at(4).as_object().erase("refusal");
  EXPECT_EQ(out, expected) << json::serialize(out);
  // The arguments' text is the same to the byte.
  EXPECT_EQ(out.at("messages").at(2).at("tool_calls").at(0).at("function").at("arguments").as_string(),
            R"({"a": 1.0,  "b":[]})");
}

TEST(OpenAiRequest, StreamsAlwaysAskForUsage) {
  const json::value out = converted(
      openai(), openai(),
      R"({"model":"m","stream":true,"stream_options":{"include_obfuscation":false},"messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(out.at("stream_options"), parsed(R"({"include_usage":true,"include_obfuscation":false})"));
}

TEST(OpenAiRequest, SaysWhichFieldIsWrong) {
  const auto where = [](std::string_view body) {
    const auto request = openai().decode_request(body);
    return request ? "accepted" : request.error().where;
  };
  EXPECT_EQ(where(R"({"messages":[{"role":"user","content":"x"}]})"), "model");
  EXPECT_EQ(where(R"({"model":"m","messages":[]})"), "messages");
  EXPECT_EQ(where(R"({"model":"m","messages":[{"role":"wizard","content":"x"}]})"), "messages[0].role");
  EXPECT_EQ(where(R"({"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]})"),
            "messages[0].content[0].text");
  EXPECT_EQ(
      where(R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]})"),
      "messages[0].content[0].image_url.url");
  EXPECT_EQ(where(R"({"model":"m","messages":[{"role":"tool","content":"x"}]})"), "messages[0].tool_call_id");
  EXPECT_EQ(where(R"({"model":"m","temperature":"hot","messages":[{"role":"user","content":"x"}]})"),
            "temperature");
  EXPECT_EQ(where(R"({"model":"m","stop":[1],"messages":[{"role":"user","content":"x"}]})"), "stop");
  EXPECT_EQ(
      where(R"({"model":"m","tools":[{"type":"function"}],"messages":[{"role":"user","content":"x"}]})"),
      "tools[0].function");
  EXPECT_EQ(where(R"({"model":"m","tool_choice":"maybe","messages":[{"role":"user","content":"x"}]})"),
            "tool_choice");
  EXPECT_EQ(
      where(R"({"model":"m","response_format":{"type":"xml"},"messages":[{"role":"user","content":"x"}]})"),
      "response_format.type");
}

TEST(OpenAiToAnthropic, TheWholeConversation) {
  const json::value out = converted(openai(), anthropic(), R"({
    "model":"claude-sonnet-4-5","max_tokens":4000,"temperature":1.5,"stop":"END","user":"u1","reasoning_effort":"low","parallel_tool_calls":false,
    "logit_bias":{"1":1},"brand_new":1,"stream":true,
    "response_format":{"type":"json_schema","json_schema":{"name":"o","schema":{"type":"object"}}},
    "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"number"}}}}}],
    "tool_choice":"required",
    "messages":[
      {"role":"system","content":"be brief"},
      {"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,AAAA"}}]},
      {"role":"assistant","content":"","tool_calls":[
         {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}},
         {"id":"c2","type":"function","function":{"name":"f","arguments":""}}]},
      {"role":"tool","tool_call_id":"c1","content":"one"},
      {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"two"}]},
      {"role":"user","content":"and?"},
      {"role":"system","content":"later rule"},
      {"role":"user","content":"go on"}]})");
  EXPECT_EQ(out, parsed(R"({
    "model":"claude-sonnet-4-5","max_tokens":4000,"temperature":1.0,"stop_sequences":["END"],"metadata":{"user_id":"u1"},"brand_new":1,"stream":true,
    "thinking":{"type":"enabled","budget_tokens":2048},
    "output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}},
    "tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"number"}}}}],
    "tool_choice":{"type":"any","disable_parallel_tool_use":true},
    "system":[{"type":"text","text":"be brief"},{"type":"text","text":"later rule"}],
    "messages":[
      {"role":"user","content":[{"type":"text","text":"look"},{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAAA"}}]},
      {"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"a":1.0}},{"type":"tool_use","id":"c2","name":"f","input":{}}]},
      {"role":"user","content":[
         {"type":"tool_result","tool_use_id":"c1","content":"one"},{"type":"tool_result","tool_use_id":"c2","content":"two"},
         {"type":"text","text":"and?"},{"type":"text","text":"go on"}]}]})"))
      << json::serialize(out);
}

TEST(OpenAiToAnthropic, ArgumentsPassByteForByte) {
  const auto request = openai().decode_request(
      R"({"model":"c","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{ \"big\": 123456789012345678901234567890, \"x\":1.50 }"}}]}]})");
  ASSERT_TRUE(request);
  const auto body = anthropic().encode_request(*request, {});
  ASSERT_TRUE(body);
  EXPECT_NE(body->body.find(R"("input":{ "big": 123456789012345678901234567890, "x":1.50 })"),
            std::string::npos)
      << body->body;
}

TEST(OpenAiToAnthropic, WhatCannotBeSaidIsRefusedOrNamed) {
  const auto encode = [](std::string_view body) {
    const auto request = openai().decode_request(body);
    EXPECT_TRUE(request);
    return anthropic().encode_request(*request, {});
  };
  EXPECT_EQ(encode(R"({"model":"c","n":2,"messages":[{"role":"user","content":"x"}]})").error().where, "n");
  EXPECT_EQ(
      encode(
          R"({"model":"c","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":"}}]}]})")
          .error()
          .where,
      "messages[0]");
  EXPECT_FALSE(encode(
      R"({"model":"c","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"A","format":"mp3"}}]}]})"));
  EXPECT_FALSE(encode(
      R"({"model":"c","tools":[{"type":"custom","custom":{"name":"x"}}],"messages":[{"role":"user","content":"x"}]})"));
  const auto dropped = encode(
      R"({"model":"c","seed":1,"presence_penalty":1,"logprobs":true,"store":true,"response_format":{"type":"json_object"},"messages":[{"role":"user","content":"x"}]})");
  ASSERT_TRUE(dropped);
  std::vector<std::string> names = dropped->dropped;
  std::ranges::sort(names);
  EXPECT_EQ(names,
            (std::vector<std::string>{"logprobs", "presence_penalty", "response_format", "seed", "store"}));
  EXPECT_EQ(parsed(dropped->body).at("max_tokens"), 8192);
}

TEST(OpenAiToAnthropic, ReasoningByModelGeneration) {
  const auto thinking = [](std::string_view model, std::string_view rest) {
    return converted(openai(), anthropic(),
                     R"({"model":")" + std::string(model) +
                         R"(","messages":[{"role":"user","content":"x"}],)" + std::string(rest) + "}");
  };
  const json::value late = thinking("claude-opus-4-8", R"("reasoning_effort":"xhigh")");
  EXPECT_EQ(late.at("thinking"), parsed(R"({"type":"adaptive"})"));
  EXPECT_EQ(late.at("output_config"), parsed(R"({"effort":"xhigh"})"));
  // A budget never reaches the limit it counts towards.
  const json::value tight =
      thinking("claude-3-7-sonnet-20250219", R"("reasoning_effort":"high","max_tokens":2000)");
  EXPECT_EQ(tight.at("thinking").at("budget_tokens"), 1999);
  EXPECT_FALSE(thinking("claude-3-7-sonnet-20250219", R"("reasoning_effort":"high","max_tokens":500)")
                   .as_object()
                   .contains("thinking"));
  EXPECT_FALSE(thinking("claude-opus-4-8", R"("reasoning_effort":"none")").as_object().contains("thinking"));
}

constexpr std::string_view kAnthropicRequest = R"({
  "model":"claude-opus-4-8","max_tokens":900,"temperature":0.5,"top_k":5,"stop_sequences":["X"],"metadata":{"user_id":"u"},
  "system":[{"type":"text","text":"rules","cache_control":{"type":"ephemeral","ttl":"1h"}}],
  "thinking":{"type":"enabled","budget_tokens":800,"display":"summarized"},"service_tier":"auto","container":"c1",
  "output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}},"future":1},
  "tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"},"defer_loading":true},{"type":"web_search_20250305","name":"web_search","max_uses":2}],
  "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},
  "messages":[
    {"role":"user","content":[{"type":"text","text":"hi"},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"doc"},"title":"T","citations":{"enabled":true}},
       {"type":"image","source":{"type":"url","url":"https://example.com/i.png"}}]},
    {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"enc"},
       {"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"q"}},{"type":"tool_use","id":"t","name":"f","input":{"a":[1,2.5]}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":[{"type":"text","text":"bad"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]}]}]})";

TEST(AnthropicRequest, GoesThroughUnharmed) {
  const json::value out = converted(anthropic(), anthropic(), kAnthropicRequest);
  EXPECT_EQ(out, parsed(kAnthropicRequest)) << json::serialize(out);
}

TEST(AnthropicToOpenAi, TheWholeConversation) {
  const json::value out = converted(anthropic(), openai(), R"({
    "model":"gpt-4o","max_tokens":900,"system":"rules","stop_sequences":["X"],"stream":true,
    "tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true},
    "messages":[
      {"role":"user","content":[{"type":"text","text":"hi"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]},
      {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"text","text":"calling"},{"type":"tool_use","id":"t1","name":"f","input":{"a":1}},{"type":"tool_use","id":"t2","name":"f","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"one"},{"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"two"}]},{"type":"text","text":"and?"}]}]})");
  EXPECT_EQ(out, parsed(R"({
    "model":"gpt-4o","max_completion_tokens":900,"stop":["X"],"stream":true,"stream_options":{"include_usage":true},"parallel_tool_calls":false,
    "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}],"tool_choice":"required",
    "messages":[
      {"role":"system","content":"rules"},
      {"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]},
      {"role":"assistant","content":"calling","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"t2","type":"function","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"t1","content":"one"},{"role":"tool","tool_call_id":"t2","content":"two"},
      {"role":"user","content":"and?"}]})"))
      << json::serialize(out);
}

TEST(Reasoning, SignedBlocksSurviveTheWayThroughOpenAisShape) {
  const auto response = anthropic().decode_response(
      R"({"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"enc"},{"type":"text","text":"ok"},{"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}})");
  ASSERT_TRUE(response);
  const json::value answer = parsed(openai().encode_response(*response));
  json::object message = answer.at("choices").at(0).at("message").as_object();
  EXPECT_EQ(message.at("reasoning_content"), "hm");
  EXPECT_EQ(answer.at("choices").at(0).at("finish_reason"), "tool_calls");
  // The client sends the message back as it got it; Anthropic gets its blocks back as it sent them.
  const json::value next = json::object{{"model", "c"}, {"messages", json::array{message}}};
  const json::value back = converted(openai(), anthropic(), json::serialize(next));
  EXPECT_EQ(
      back.at("messages").at(0).at("content"),
      parsed(
          R"([{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"enc"},{"type":"text","text":"ok"},{"type":"tool_use","id":"t","name":"f","input":{}}])"));
}

TEST(Answers, AnthropicToOpenAi) {
  const auto response = anthropic().decode_response(
      R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
    {"type":"text","text":"The sky","citations":null},{"type":"text","text":" is blue.","citations":[{"type":"web_search_result_location","cited_text":"blue","encrypted_index":"e","title":"Sky","url":"https://example.com/sky"}]}],
    "stop_reason":"max_tokens","stop_sequence":null,
    "usage":{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":100,"output_tokens":50,"output_tokens_details":{"thinking_tokens":20},"service_tier":"standard"}})");
  ASSERT_TRUE(response) << response.error().describe();
  EXPECT_EQ(response->usage, (Usage{10, 100, 3, 30, 20, -1, -1, false}));
  const json::value out = parsed(openai().encode_response(*response));
  EXPECT_EQ(
      out.at("usage"),
      parsed(
          R"({"prompt_tokens":113,"completion_tokens":50,"total_tokens":163,"prompt_tokens_details":{"cached_tokens":100,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":20}})"));
  const json::value& choice = out.at("choices").at(0);
  EXPECT_EQ(choice.at("finish_reason"), "length");
  EXPECT_EQ(choice.at("message").at("content"), "The sky is blue.");
  EXPECT_EQ(
      choice.at("message").at("annotations"),
      parsed(
          R"([{"type":"url_citation","url_citation":{"start_index":7,"end_index":16,"title":"Sky","url":"https://example.com/sky"}}])"));
}

TEST(Answers, OpenAiGoesThroughUnharmed) {
  const std::string_view body = R"({"id":"c","object":"chat.completion","created":5,"model":"m","choices":[
    {"index":0,"message":{"role":"assistant","content":"hi","refusal":null,"annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":1,"title":"t","url":"u"}}]},"logprobs":{"content":[],"refusal":null},"finish_reason":"stop"},
    {"index":1,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{ }"}},{"id":"b","type":"custom","custom":{"name":"g","input":"free text"}}]},"logprobs":null,"finish_reason":"tool_calls"}],
    "usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":0}},
    "service_tier":"default","system_fingerprint":"fp"})";
  const auto response = openai().decode_response(body);
  ASSERT_TRUE(response);
  EXPECT_EQ(parsed(openai().encode_response(*response)), parsed(body)) << openai().encode_response(*response);
}

TEST(Answers, StopReasonsKeepTheirMeaning) {
  const auto through = [](std::string_view word) {
    const auto response =
        anthropic().decode_response(R"({"content":[],"stop_reason":")" + std::string(word) + R"("})");
    return std::string(
        parsed(openai().encode_response(*response)).at("choices").at(0).at("finish_reason").as_string());
  };
  EXPECT_EQ(through("end_turn"), "stop");
  EXPECT_EQ(through("stop_sequence"), "stop");
  EXPECT_EQ(through("max_tokens"), "length");
  EXPECT_EQ(through("model_context_window_exceeded"), "length");
  EXPECT_EQ(through("tool_use"), "tool_calls");
  EXPECT_EQ(through("refusal"), "content_filter");
  EXPECT_EQ(through("pause_turn"), "stop");
}

TEST(Answers, MalformedOnesAreErrors) {
  for (const std::string_view body : {"", "[]", "{}", "<html>", R"({"choices":5})", R"({"choices":[7]})"})
    EXPECT_EQ(openai().decode_response(body).error().code, ErrorCode::kDataLoss) << body;
  for (const std::string_view body :
       {"", "[]", "{}", R"({"content":5})", R"({"content":[{"type":"tool_use"}]})"})
    EXPECT_EQ(anthropic().decode_response(body).error().code, ErrorCode::kDataLoss) << body;
}

TEST(Errors, OpenAisShapesAndThoseOfItsKin) {
  const auto decode = [](int status, std::string_view body) {
    return openai().decode_error(status, "", body);
  };
  auto error = decode(
      429,
      R"({"error":{"message":"Rate limit","type":"requests","param":null,"code":"rate_limit_exceeded"}})");
  EXPECT_EQ(error.error_class, ErrorClass::kRateLimited);
  EXPECT_EQ(error.message, "Rate limit");
  EXPECT_EQ(error.code, "rate_limit_exceeded");
  error = decode(400, R"({"error":{"message":"filtered","code":"content_filter"}})");
  EXPECT_EQ(error.error_class, ErrorClass::kContentFilter);
  EXPECT_EQ(decode(401, R"({"error":"bad key"})").message, "bad key");
  EXPECT_EQ(decode(401, R"({"error":"bad key"})").error_class, ErrorClass::kAuthentication);
  EXPECT_EQ(decode(422, R"({"detail":"no such field"})").message, "no such field");
  EXPECT_EQ(
      decode(503, R"([{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}])")
          .message,
      "The model is overloaded.");
  EXPECT_EQ(decode(500, R"({"message":"odd","code":17})").code, "17");
  EXPECT_EQ(decode(502, "<html><h1>Bad Gateway</h1></html>").message,
            "the provider answered with status 502 and no explanation");
  EXPECT_EQ(decode(502, "upstream connect error\n").message, "upstream connect error");
  EXPECT_EQ(decode(502, "\xff\xfe").message, "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(decode(529, "").error_class, ErrorClass::kOverloaded);
  EXPECT_EQ(decode(408, "{}").error_class, ErrorClass::kTimeout);
}

TEST(Errors, AnthropicsWordsBecomeOpenAis) {
  const ProviderError error = anthropic().decode_error(
      529, "3",
      R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"})");
  EXPECT_EQ(error.error_class, ErrorClass::kOverloaded);
  EXPECT_EQ(error.retry_after_ms, 3000);
  const json::value out = parsed(openai().encode_error(error));
  EXPECT_EQ(out.at("error").at("message"), "Overloaded");
  EXPECT_EQ(out.at("error").at("type"), "overloaded_error");
  EXPECT_EQ(parsed(anthropic().encode_error(error)),
            parsed(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"));
}

TEST(Errors, RetryAfter) {
  EXPECT_EQ(parse_retry_after_ms("2", 0), 2000);
  EXPECT_EQ(parse_retry_after_ms(" 0.5 ", 0), 500);
  EXPECT_EQ(parse_retry_after_ms("", 0), -1);
  EXPECT_EQ(parse_retry_after_ms("-4", 0), -1);
  EXPECT_EQ(parse_retry_after_ms("soon", 0), -1);
  EXPECT_EQ(parse_retry_after_ms("1e99", 0), -1);
  // 2015-10-21T07:28:00Z is 1445412480.
  EXPECT_EQ(parse_retry_after_ms("Wed, 21 Oct 2015 07:28:00 GMT", 1'445'412'470'000'000), 10'000);
  EXPECT_EQ(parse_retry_after_ms("Wed, 21 Oct 2015 07:28:00 GMT", 1'445'412'490'000'000), 0);
}

TEST(Errors, ClassesHaveStatuses) {
  for (const int status : {400, 401, 403, 404, 429, 503, 504})
    EXPECT_EQ(http_status(error_class_of_status(status)), status);
  EXPECT_TRUE(is_retryable(ErrorClass::kOverloaded));
  EXPECT_FALSE(is_retryable(ErrorClass::kInvalidRequest));
}

TEST(Dialects, HeadersCarryCredentials) {
  std::vector<OwnedHeader> headers;
  openai().add_headers({.secret = "sk-1", .organization = "org", .project = "", .version = ""}, headers);
  EXPECT_EQ(headers,
            (std::vector<OwnedHeader>{{"authorization", "Bearer sk-1"}, {"openai-organization", "org"}}));
  headers.clear();
  anthropic().add_headers({.secret = "sk-2", .organization = "", .project = "", .version = ""}, headers);
  EXPECT_EQ(headers, (std::vector<OwnedHeader>{{"x-api-key", "sk-2"}, {"anthropic-version", "2023-06-01"}}));
  EXPECT_EQ(find_dialect("nobody"), nullptr);
  for (const std::string& name : dialect_names()) EXPECT_EQ(find_dialect(name)->name(), name);
  EXPECT_FALSE(anthropic().encode_embedding_request({}, {}));
}

}  // namespace
}  // namespace slipway::llm
