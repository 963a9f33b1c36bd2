// SPDX-License-Identifier: Apache-2.0
// What Bedrock Converse and Gemini say and OpenAI and Anthropic don't: it has a place in the vocabulary, and
// where a dialect has no word for it, that is said and not skipped.
#include <gtest/gtest.h>

#include "llm/dialect.h"
#include "llm/test_stream.h"

namespace slipway::llm {
namespace {

const Dialect& openai() { return *find_dialect("openai"); }
const Dialect& anthropic() { return *find_dialect("anthropic"); }

Part part_of(auto body) {
  Part part;
  part.body = std::move(body);
  return part;
}

ChatRequest request_with(Role role, Part part) {
  ChatRequest request;
  request.model = "m";
  Message message;
  message.role = role;
  message.parts.push_back(std::move(part));
  request.messages.push_back(std::move(message));
  return request;
}

json::value body_in(const Dialect& dialect, const ChatRequest& request) {
  const auto encoded = dialect.encode_request(request, {});
  EXPECT_TRUE(encoded) << encoded.error().describe();
  return encoded ? parse_json(encoded->body).value_or(json::value()) : json::value();
}

ToolResultPart structured_result() {
  ToolResultPart result;
  result.call_id = "call_1";
  result.content.push_back(part_of(JsonPart{json::object{{"celsius", -4}, {"sky", "clear"}}}));
  return result;
}

TEST(Vocabulary, StructuredResultsOfToolsBecomeTextWhereThereIsNothingElse) {
  const ChatRequest request = request_with(Role::kTool, part_of(structured_result()));
  const json::value text = R"({"celsius":-4,"sky":"clear"})";
  const json::value to_openai = body_in(openai(), request);
  EXPECT_EQ(to_openai.at("messages").at(0).at("role"), "tool");
  EXPECT_EQ(to_openai.at("messages").at(0).at("content"), text) << to_openai;
  const json::value to_anthropic = body_in(anthropic(), request);
  EXPECT_EQ(to_anthropic.at("messages").at(0).at("content").at(0).at("content"), text) << to_anthropic;

  // Beside other content, too.
  ToolResultPart mixed = structured_result();
  mixed.content.push_back(Part::of_text("as of noon"));
  const ChatRequest both = request_with(Role::kTool, part_of(mixed));
  EXPECT_EQ(
      body_in(anthropic(), both).at("messages").at(0).at("content").at(0).at("content").at(0).at("text"),
      text);
  EXPECT_EQ(body_in(openai(), both).at("messages").at(0).at("content").at(0).at("text"), text);
}

TEST(Vocabulary, VideoIsRefusedByNameWhereItCannotBeSaid) {
  VideoPart video;
  video.source = {
      .media_type = "video/mp4", .data = {}, .url = "s3://bucket/clip.mp4", .file_id = {}, .text = {}};
  const ChatRequest request = request_with(Role::kUser, part_of(video));
  for (const Dialect* dialect : {&openai(), &anthropic()}) {
    const auto encoded = dialect->encode_request(request, {});
    ASSERT_FALSE(encoded) << dialect->name();
    EXPECT_EQ(encoded.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(encoded.error().where, "messages[0]");
    EXPECT_NE(encoded.error().message.find("video"), std::string::npos) << encoded.error().message;
    EXPECT_FALSE(encoded.error().hint.empty());
  }
}

TEST(Vocabulary, SealsOfOtherProvidersStayWithTheirParts) {
  ChatEvent start;
  start.kind = ChatEvent::Kind::kToolCallStart;
  start.id = "call_1";
  start.name = "find_order";
  start.signature = "seal";
  ChatEvent arguments;
  arguments.kind = ChatEvent::Kind::kToolCallArguments;
  arguments.text = "{}";
  ResponseBuilder builder;
  builder.add(start);
  builder.add(arguments);
  const Part& call = builder.response().choices.at(0).parts.at(0);
  EXPECT_EQ(call.signature, "seal");
  EXPECT_EQ(call.as<ToolCallPart>()->arguments, "{}");
  // To nobody else.
  const ChatRequest next = request_with(Role::kAssistant, call);
  for (const Dialect* dialect : {&openai(), &anthropic()})
    EXPECT_EQ(json::serialize(body_in(*dialect, next)).find("seal"), std::string::npos) << dialect->name();
}

TEST(Vocabulary, PartsThatComeWholeStandWhereTheyCame) {
  ImagePart image;
  image.source.media_type = "image/png";
  image.source.data = "AAAA";
  const auto text = [](std::string words) {
    ChatEvent event;
    event.kind = ChatEvent::Kind::kTextDelta;
    event.text = std::move(words);
    return event;
  };
  ChatEvent whole;
  whole.kind = ChatEvent::Kind::kPart;
  whole.part = std::make_shared<Part>(part_of(image));
  ResponseBuilder builder;
  for (const ChatEvent& event : {text("before"), whole, text("after")}) builder.add(event);
  const std::vector<Part>& parts = builder.response().choices.at(0).parts;
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].as<TextPart>()->text, "before");
  EXPECT_EQ(parts[1].as<ImagePart>()->source.data, "AAAA");
  EXPECT_EQ(parts[2].as<TextPart>()->text, "after");
}

TEST(Vocabulary, BlocksNobodyKnowsComeThroughAnAnthropicStream) {
  const std::string stream =
      R"(data: {"type":"message_start","message":{"id":"m","model":"c","content":[],"usage":{"input_tokens":1,"output_tokens":1}}})"
      "\n\n"
      R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}})"
      "\n\n"
      R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\": "}})"
      "\n\n"
      R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"ships\"}"}})"
      "\n\n"
      R"(data: {"type":"content_block_stop","index":0})"
      "\n\n"
      R"(data: {"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","url":"https://example.com"}]}})"
      "\n\n"
      R"(data: {"type":"content_block_stop","index":1})"
      "\n\n"
      R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}})"
      "\n\n"
      R"(data: {"type":"message_stop"})"
      "\n\n";
  const ResponseBuilder builder = collect(anthropic(), stream);
  ASSERT_TRUE(builder.ended());
  const std::vector<Part>& parts = builder.response().choices.at(0).parts;
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].as<OpaquePart>()->value.at("input").at("query"), "ships");
  EXPECT_EQ(parts[1].as<OpaquePart>()->value.at("type"), "web_search_tool_result");

  // And out again, towards a client that speaks the dialect; one of another gets the rest.
  std::string again;
  const auto encoder = anthropic().stream_encoder({});
  for (const ChatEvent& event : decoded(anthropic(), stream)) encoder->encode(event, again);
  const ResponseBuilder second = collect(anthropic(), again);
  ASSERT_EQ(second.response().choices.at(0).parts.size(), 2u) << again;
  EXPECT_EQ(second.response().choices[0].parts[0].as<OpaquePart>()->value, parts[0].as<OpaquePart>()->value);
  std::string foreign;
  const auto to_openai = openai().stream_encoder({});
  for (const ChatEvent& event : decoded(anthropic(), stream)) to_openai->encode(event, foreign);
  EXPECT_TRUE(collect(openai(), foreign).ended());
}

TEST(Vocabulary, CacheWritesForAnHourAreToldApart) {
  const std::string_view body =
      R"({"id":"m","model":"c","content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","usage":{"input_tokens":10,)"
      R"("cache_creation_input_tokens":500,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":400},"output_tokens":2}})";
  const auto response = anthropic().decode_response(body);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->usage.cache_write, 500);
  EXPECT_EQ(response->usage.cache_write_1h, 400);
  EXPECT_EQ(response->usage.total_input(), 510) << "they are part of the writes, not beside them";
  const json::value usage = parse_json(anthropic().encode_response(*response))->at("usage");
  EXPECT_EQ(usage.at("cache_creation").at("ephemeral_1h_input_tokens"), 400);
  EXPECT_EQ(usage.at("cache_creation").at("ephemeral_5m_input_tokens"), 100);
}

TEST(Vocabulary, UnknownFieldsOfAChoiceStayInTheirDialect) {
  const std::string_view body =
      R"({"id":"c","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},)"
      R"("logprobs":null,"finish_reason":"stop","content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]})";
  const auto response = openai().decode_response(body);
  ASSERT_TRUE(response);
  EXPECT_EQ(parse_json(openai().encode_response(*response)).value(), parse_json(body).value());
  EXPECT_EQ(anthropic().encode_response(*response).find("content_filter"), std::string::npos);
}

TEST(Vocabulary, EveryReasonToStopHasAWordInEveryDialect) {
  for (const StopReason stop : {StopReason::kUnknown, StopReason::kEnd, StopReason::kStopSequence,
                                StopReason::kMaxTokens, StopReason::kToolCalls, StopReason::kContentFilter,
                                StopReason::kRefusal, StopReason::kPause, StopReason::kMalformed}) {
    ChatResponse response;
    response.choices.emplace_back().stop = stop;
    const json::value choice = parse_json(openai().encode_response(response))->at("choices").at(0);
    EXPECT_FALSE(choice.at("finish_reason").as_string().empty()) << to_string(stop);
    const json::value message = *parse_json(anthropic().encode_response(response));
    EXPECT_FALSE(message.at("stop_reason").as_string().empty()) << to_string(stop);
  }
}

}  // namespace
}  // namespace slipway::llm
