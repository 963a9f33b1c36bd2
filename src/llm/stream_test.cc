// SPDX-License-Identifier: Apache-2.0
// Streams of both dialects, as providers send them and as they break.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "llm/dialect.h"
#include "llm/json_writer.h"
#include "llm/test_stream.h"

namespace slipway::llm {
namespace {

const Dialect& openai() { return *find_dialect("openai"); }
const Dialect& anthropic() { return *find_dialect("anthropic"); }

std::string data_event(std::string_view json) { return "data: " + std::string(json) + "\n\n"; }

std::string encoded(const Dialect& dialect, const std::vector<ChatEvent>& events, bool include_usage = true) {
  StreamEncoderOptions options;
  options.created_s = 1;
  options.include_usage = include_usage;
  const auto encoder = dialect.stream_encoder(options);
  std::string out;
  for (const ChatEvent& event : events) encoder->encode(event, out);
  return out;
}

std::vector<ToolCallPart> calls_of(const ChatResponse& response, std::size_t choice = 0) {
  std::vector<ToolCallPart> calls;
  if (choice < response.choices.size())
    for (const Part& part : response.choices[choice].parts)
      if (const auto* call = part.as<ToolCallPart>()) calls.push_back(*call);
  return calls;
}

// What both sides must agree on, whatever dialect it went through.
void expect_same(const ChatResponse& a, const ChatResponse& b) {
  ASSERT_EQ(a.choices.size(), b.choices.size());
  for (std::size_t i = 0; i < a.choices.size(); ++i) {
    EXPECT_EQ(joined_text(a.choices[i].parts), joined_text(b.choices[i].parts));
    EXPECT_EQ(a.choices[i].stop, b.choices[i].stop);
    const auto left = calls_of(a, i);
    const auto right = calls_of(b, i);
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t c = 0; c < left.size(); ++c) {
      EXPECT_EQ(left[c].id, right[c].id);
      EXPECT_EQ(left[c].name, right[c].name);
      EXPECT_EQ(left[c].arguments, right[c].arguments);
    }
  }
  EXPECT_EQ(a.usage, b.usage);
}

const std::string kAnthropicStream =
    "event: message_start\n"
    R"(data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-x","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":4,"cache_read_input_tokens":80,"output_tokens":1}}})"
    "\n\n"
    R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})"
    "\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"let me"}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}})"
    "\n\n"
    R"(data: {"type":"content_block_stop","index":0})"
    "\n\n"
    R"(data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Looking "}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"it up."}})"
    "\n\n"
    R"(data: {"type":"content_block_stop","index":1})"
    "\n\n"
    R"(data: {"type":"content_block_start","index":2,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"q\":1}"}})"
    "\n\n"
    R"(data: {"type":"content_block_stop","index":2})"
    "\n\n"
    R"(data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"ci"}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"ty\":\"S\\u00e3o "}})"
    "\n\n"
    R"(data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"Paulo\"}"}})"
    "\n\n"
    R"(data: {"type":"content_block_stop","index":3})"
    "\n\n"
    R"(data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_2","name":"now","input":{}}})"
    "\n\n"
    R"(data: {"type":"content_block_stop","index":4})"
    "\n\n"
    R"(data: {"type":"some_future_event","x":1})"
    "\n\n"
    R"(data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89,"output_tokens_details":{"thinking_tokens":30}}})"
    "\n\n"
    R"(data: {"type":"message_stop"})"
    "\n\n";

TEST(AnthropicStream, IsUnderstoodWhole) {
  const ResponseBuilder built = collect(anthropic(), kAnthropicStream);
  ASSERT_TRUE(built.ended());
  const ChatResponse& response = built.response();
  EXPECT_EQ(response.id, "msg_1");
  ASSERT_EQ(response.choices.size(), 1u);
  EXPECT_EQ(joined_text(response.choices[0].parts), "Looking it up.");
  const auto* reasoning = response.choices[0].parts[0].as<ReasoningPart>();
  ASSERT_NE(reasoning, nullptr);
  EXPECT_EQ(reasoning->text, "let me");
  EXPECT_EQ(reasoning->signature, "c2ln");
  const auto calls = calls_of(response);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].arguments, R"({"city":"S\u00e3o Paulo"})");
  EXPECT_EQ(calls[1].name, "now");
  EXPECT_EQ(calls[1].arguments, "{}");  // a call without arguments is still JSON
  EXPECT_EQ(response.choices[0].stop, StopReason::kToolCalls);
  EXPECT_EQ(response.usage, (Usage{25, 80, 4, 59, 30, -1, -1, false}));
}

TEST(AnthropicStream, BecomesOpenAisAndBack) {
  const std::vector<ChatEvent> events = decoded(anthropic(), kAnthropicStream);
  ResponseBuilder original;
  for (const ChatEvent& event : events) original.add(event);
  const std::string as_openai = encoded(openai(), events);
  EXPECT_NE(as_openai.find(R"("finish_reason":"tool_calls")"), std::string::npos);
  EXPECT_TRUE(as_openai.ends_with("data: [DONE]\n\n"));
  const ResponseBuilder through = collect(openai(), as_openai);
  ASSERT_TRUE(through.ended());
  expect_same(original.response(), through.response());
  // The signed reasoning is in there too, as one block.
  EXPECT_NE(
      as_openai.find(R"("thinking_blocks":[{"type":"thinking","thinking":"let me","signature":"c2ln"}])"),
      std::string::npos);
  const ResponseBuilder back = collect(anthropic(), encoded(anthropic(), decoded(openai(), as_openai)));
  ASSERT_TRUE(back.ended());
  expect_same(original.response(), back.response());
}

TEST(AnthropicStream, ErrorsAndCuts) {
  const auto overloaded = collect(
      anthropic(),
      "event: error\ndata: "
      "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n");
  ASSERT_TRUE(overloaded.error());
  EXPECT_EQ(overloaded.error()->error_class, ErrorClass::kOverloaded);
  EXPECT_EQ(overloaded.error()->message, "Overloaded");
  // Wherever it is cut, the end is an error and nothing comes twice.
  for (std::size_t at = kAnthropicStream.find("\n\n"); at + 2 < kAnthropicStream.size();
       at = kAnthropicStream.find("\n\n", at + 2)) {
    const auto cut = collect(anthropic(), std::string_view(kAnthropicStream).substr(0, at + 2));
    EXPECT_TRUE(cut.error()) << at;
    EXPECT_FALSE(cut.ended()) << at;
  }
  EXPECT_TRUE(collect(anthropic(), "data: {\"type\":\n\n").error());
}

TEST(OpenAiStream, ParallelCallsSplitInOddPlaces) {
  const std::string bytes =
      data_event(
          R"({"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":null}}]})") +
      data_event(
          R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}}]})") +
      data_event(
          R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\""}}]}}]})") +
      data_event(
          R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{\"y\""}}]}}]})") +
      data_event(
          R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"x\":\"\\u00"}},{"index":1,"function":{"arguments":":2"}}]}}]})") +
      data_event(
          R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"}"}},{"index":0,"function":{"arguments":"e9\"}"}}]}}]})") +
      data_event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null})") +
      data_event(
          R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":8}}})") +
      data_event(R"({"choices":[],"usage":null})") + data_event("[DONE]");
  const std::vector<ChatEvent> events = decoded(openai(), bytes);
  ResponseBuilder built;
  for (const ChatEvent& event : events) built.add(event);
  ASSERT_TRUE(built.ended());
  const auto calls = calls_of(built.response());
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].arguments, R"({"x":"\u00e9"})");
  EXPECT_EQ(calls[1].arguments, R"({"y":2})");
  EXPECT_EQ(built.response().choices[0].stop, StopReason::kToolCalls);
  EXPECT_EQ(built.response().usage, (Usage{2, 8, -1, 4, -1, -1, -1, false}));
  // Interleaved arguments reach Anthropic's clients under the right block.
  const ResponseBuilder through = collect(anthropic(), encoded(anthropic(), events));
  ASSERT_TRUE(through.ended());
  EXPECT_EQ(calls_of(through.response())[0].arguments, calls[0].arguments);
  EXPECT_EQ(calls_of(through.response())[1].arguments, calls[1].arguments);
  EXPECT_EQ(through.response().choices[0].stop, StopReason::kToolCalls);
}

TEST(OpenAiStream, ServersThatNumberCallsWrong) {
  const auto calls = [](std::initializer_list<std::string_view> deltas) {
    std::string bytes;
    for (const std::string_view delta : deltas)
      bytes += data_event(R"({"choices":[{"index":0,"delta":{"tool_calls":[)" + std::string(delta) + "]}}]}");
    bytes += data_event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})");
    return calls_of(collect(openai(), bytes + data_event("[DONE]")).response());
  };
  // All under index 0, each whole.
  const auto zero = calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"}})",
                           R"({"index":0,"id":"b","function":{"name":"g","arguments":"{\"x\":1}"}})"});
  ASSERT_EQ(zero.size(), 2u);
  EXPECT_EQ(zero[1].arguments, R"({"x":1})");
  // No index at all.
  const auto none =
      calls({R"({"id":"a","function":{"name":"f","arguments":"{"}})", R"({"function":{"arguments":"}"}})",
             R"({"id":"b","function":{"name":"g","arguments":"{}"}})"});
  ASSERT_EQ(none.size(), 2u);
  EXPECT_EQ(none[0].arguments, "{}");
  // Id and name repeated in each piece.
  const auto repeated = calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{"}})",
                               R"({"index":0,"id":"a","function":{"name":"f","arguments":"}"}})"});
  ASSERT_EQ(repeated.size(), 1u);
  EXPECT_EQ(repeated[0].arguments, "{}");
  // The name comes after the first arguments.
  const auto late =
      calls({R"({"index":0,"id":"a","function":{"arguments":"{"}})", R"({"index":0,"function":{"name":"f"}})",
             R"({"index":0,"function":{"arguments":"}"}})"});
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].name, "f");
  EXPECT_EQ(late[0].arguments, "{}");
}

TEST(OpenAiStream, EndsAreTold) {
  const std::string stop =
      data_event(R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]})");
  EXPECT_TRUE(collect(openai(), stop).ended());  // no [DONE], but a finish reason
  EXPECT_TRUE(collect(openai(), data_event(R"({"choices":[{"index":0,"delta":{"content":"x"}}]})")).error());
  EXPECT_TRUE(collect(openai(), "").error());
  const auto failed =
      collect(openai(), stop + data_event(R"({"error":{"message":"boom","type":"server_error"}})") + stop);
  ASSERT_TRUE(failed.error());
  EXPECT_EQ(failed.error()->message, "boom");
  EXPECT_EQ(joined_text(failed.response().choices[0].parts), "x");
}

TEST(OpenAiStream, LogprobsAndRefusalsPass) {
  const std::string bytes =
      data_event(
          R"({"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]}],"refusal":null}}]})") +
      data_event(R"({"choices":[{"index":0,"delta":{"refusal":"no"},"finish_reason":"stop"}]})") +
      data_event("[DONE]");
  const std::vector<ChatEvent> events = decoded(openai(), bytes);
  const ResponseBuilder again = collect(openai(), encoded(openai(), events));
  EXPECT_EQ(again.response().choices[0].logprobs.at("content").at(0).at("token"), "a");
  ASSERT_NE(again.response().choices[0].parts[1].as<RefusalPart>(), nullptr);
}

TEST(OpenAiStream, UsageIsHiddenUnlessAsked) {
  const std::vector<ChatEvent> events = decoded(anthropic(), kAnthropicStream);
  EXPECT_EQ(encoded(openai(), events, false).find("\"usage\""), std::string::npos);
  const std::string with = encoded(openai(), events, true);
  EXPECT_NE(with.find(R"("choices":[],"usage":{"prompt_tokens":109)"), std::string::npos) << with;
}

// Any calls with any arguments, cut anywhere, survive both dialects.
TEST(StreamProperty, NothingIsLostOnTheWay) {
  const bool held = rc::check("calls survive", [] {
    const auto count = *rc::gen::inRange(1, 5);
    std::vector<std::string> arguments;
    std::vector<ChatEvent> events;
    ChatEvent start;
    start.kind = ChatEvent::Kind::kStart;
    start.id = "id";
    start.model = "m";
    events.push_back(start);
    for (int i = 0; i < count; ++i) {
      const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(32, 126));
      arguments.push_back(to_json_text(json::object{{"value", text}, {"n", i}}));
      ChatEvent call;
      call.kind = ChatEvent::Kind::kToolCallStart;
      call.tool_index = i;
      call.id = "call_" + std::to_string(i);
      call.name = "tool" + std::to_string(i);
      call.text = "function";
      events.push_back(call);
    }
    // The pieces of all calls, interleaved at random.
    std::vector<std::size_t> sent(arguments.size(), 0);
    for (bool open = true; open;) {
      open = false;
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (sent[i] == arguments[i].size()) continue;
        open = true;
        const auto size = *rc::gen::inRange<std::size_t>(1, 7);
        ChatEvent piece;
        piece.kind = ChatEvent::Kind::kToolCallArguments;
        piece.tool_index = static_cast<std::int64_t>(i);
        piece.text = arguments[i].substr(sent[i], size);
        sent[i] += piece.text.size();
        if (!piece.text.empty()) events.push_back(piece);
      }
    }
    ChatEvent stop;
    stop.kind = ChatEvent::Kind::kStop;
    stop.stop = StopReason::kToolCalls;
    events.push_back(stop);
    ChatEvent end;
    end.kind = ChatEvent::Kind::kEnd;
    events.push_back(end);
    for (const Dialect* dialect : {&openai(), &anthropic()}) {
      const ResponseBuilder built = collect(*dialect, encoded(*dialect, events));
      RC_ASSERT(built.ended());
      const auto calls = calls_of(built.response());
      RC_ASSERT(calls.size() == arguments.size());
      for (std::size_t i = 0; i < calls.size(); ++i) RC_ASSERT(calls[i].arguments == arguments[i]);
      RC_ASSERT(built.response().choices[0].stop == StopReason::kToolCalls);
    }
  });
  EXPECT_TRUE(held);
}

// Any text in any kind of message comes back from a round trip as it went in.
TEST(RequestProperty, TextSurvivesBothDialects) {
  const bool held = rc::check("text survives", [] {
    const auto text = "x" + *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    ChatRequest request;
    request.model = "m";
    request.sampling.max_tokens = 5;
    request.system.push_back(Part::of_text(text));
    Message user;
    user.parts.push_back(Part::of_text(text));
    request.messages.push_back(user);
    for (const Dialect* dialect : {&openai(), &anthropic()}) {
      const auto encoded_request = dialect->encode_request(request, {});
      RC_ASSERT(encoded_request.has_value());
      const auto again = dialect->decode_request(encoded_request->body);
      RC_ASSERT(again.has_value());
      RC_ASSERT(joined_text(again->system) == text);
      RC_ASSERT(joined_text(again->messages.at(0).parts) == text);
    }
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace slipway::llm
