// SPDX-License-Identifier: Apache-2.0
#include "catalog/case_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace slipway::catalog {

namespace {

std::unexpected<Error> wrong(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

json::value take(json::object& object, std::string_view name) {
  json::value* found = object.if_contains(name);
  if (found == nullptr) return nullptr;
  json::value value = std::move(*found);
  object.erase(name);
  return value;
}

// What is left has no place of its own.
void rest_to_metadata(json::object& fields, json::object rest) {
  if (rest.empty()) return;
  json::value& metadata = fields["metadata"];
  if (!metadata.is_object()) metadata = json::object();
  for (json::key_value_pair& member : rest)
    metadata.get_object().insert_or_assign(member.key(), std::move(member.value()));
}

// Members that mean the same in every shape.
void take_common(json::object& fields, json::object& object) {
  for (const std::string_view name : {"id", "tags", "split", "cluster", "provenance"})
    if (object.contains(name)) fields[name] = take(object, name);
  if (const json::value* metadata = object.if_contains("metadata");
      metadata != nullptr && metadata->is_object())
    fields["metadata"] = take(object, "metadata");
}

// One text stands for itself, several for alternatives.
json::value one_or_all(json::array values) {
  return values.size() == 1 ? std::move(values[0]) : json::value(std::move(values));
}

Result<json::object> from_evals(json::object object) {
  json::object fields;
  take_common(fields, object);
  fields["input"] = take(object, "input");
  json::value ideal = take(object, "ideal");
  fields["expected"] = ideal.is_array() ? one_or_all(std::move(ideal.get_array())) : std::move(ideal);
  rest_to_metadata(fields, std::move(object));
  return fields;
}

Result<json::object> from_item(json::object object) {
  json::value item = take(object, "item");
  if (!item.is_object()) return wrong("must be an object", "item");
  json::object& values = item.get_object();
  json::object fields;
  take_common(fields, object);
  for (const std::string_view name : {"ideal", "expected", "expected_output", "correct_label", "ground_truth",
                                      "reference_answer", "reference", "answer", "label"}) {
    if (!values.contains(name)) continue;
    fields["expected"] = take(values, name);
    break;
  }
  if (values.size() == 1 && (values.contains("input") || values.contains("messages")))
    fields["input"] = std::move(values.begin()->value());
  else
    fields["input"] = std::move(values);
  rest_to_metadata(fields, std::move(object));
  return fields;
}

// The conversation up to the last answer is the input, the answer what is expected.
Result<json::object> from_chat(json::object object) {
  json::value messages = take(object, "messages");
  if (!messages.is_array() || messages.get_array().empty())
    return wrong("must be a list of messages", "messages");
  json::array& list = messages.get_array();
  json::object fields;
  take_common(fields, object);
  json::value& last = list.back();
  if (!last.is_object()) return wrong("messages are objects with a role and a content", "messages");
  const json::value* role = last.get_object().if_contains("role");
  if (role != nullptr && role->is_string() && role->get_string() == "assistant") {
    json::object answer = std::move(last.get_object());
    list.pop_back();
    if (list.empty()) return wrong("has an answer and nothing that was asked", "messages");
    answer.erase("role");
    answer.erase("weight");
    const bool plain = answer.size() == 1 && answer.contains("content");
    fields["expected"] = plain ? std::move(answer["content"]) : json::value(std::move(answer));
  }
  fields["input"] = std::move(messages);
  rest_to_metadata(fields, std::move(object));
  return fields;
}

Result<json::object> from_preference(json::object object) {
  json::value input = take(object, "input");
  json::object fields;
  take_common(fields, object);
  if (!input.is_object() || !input.get_object().contains("messages"))
    return wrong("must be an object with messages", "input");
  fields["input"] = take(input.get_object(), "messages");
  rest_to_metadata(fields, std::move(input.get_object()));
  const json::value preferred = take(object, "preferred_output");
  if (preferred.is_array() && !preferred.get_array().empty() && preferred.get_array()[0].is_object()) {
    const json::object& message = preferred.get_array()[0].get_object();
    if (const json::value* content = message.if_contains("content")) fields["expected"] = *content;
  }
  rest_to_metadata(fields, std::move(object));
  return fields;
}

Result<json::object> from_completion(json::object object) {
  json::object fields;
  take_common(fields, object);
  fields["input"] = take(object, "prompt");
  fields["expected"] = take(object, "completion");
  rest_to_metadata(fields, std::move(object));
  return fields;
}

Result<json::object> from_bedrock(json::object object) {
  json::object fields;
  take_common(fields, object);
  fields["input"] = take(object, "prompt");
  fields["expected"] = take(object, "referenceResponse");
  const json::value category = take(object, "category");
  if (category.is_string() && !category.get_string().empty()) fields["tags"] = json::array{category};
  // Their own answers (modelResponses) stay beside the case: a run can judge them without a call.
  rest_to_metadata(fields, std::move(object));
  return fields;
}

// {"content": [{"text": …}, …]}, once or in a list, as texts.
json::array texts_of(const json::value& value) {
  json::array texts;
  if (value.is_array()) {
    for (const json::value& item : value.get_array())
      for (json::value& text : texts_of(item)) texts.push_back(std::move(text));
  } else if (const json::object* object = value.if_object()) {
    if (const json::value* text = object->if_contains("text")) texts.push_back(*text);
    if (const json::value* content = object->if_contains("content"))
      for (json::value& text : texts_of(*content)) texts.push_back(std::move(text));
  }
  return texts;
}

json::value joined(json::array texts) {
  if (texts.size() == 1) return std::move(texts[0]);
  std::string all;
  for (const json::value& text : texts) {
    if (!text.is_string()) continue;
    if (!all.empty()) all += '\n';
    all += std::string_view(text.get_string());
  }
  return json::value(all);
}

// Passages that were retrieved, wherever the line has them.
json::array passages_of(json::object& turn) {
  json::array passages;
  const auto collect = [&](const json::value& retrieved) {
    const json::object* object = retrieved.if_object();
    const json::value* results = object == nullptr ? nullptr : object->if_contains("retrievalResults");
    const json::value& list = results == nullptr ? retrieved : *results;
    for (json::value& text : texts_of(list)) passages.push_back(std::move(text));
  };
  if (turn.contains("retrievedPassages")) collect(take(turn, "retrievedPassages"));
  if (json::value* output = turn.if_contains("output"); output != nullptr && output->is_object())
    if (const json::value* retrieved = output->get_object().if_contains("retrievedPassages"))
      collect(*retrieved);
  if (passages.empty() && turn.contains("referenceContexts"))
    passages = texts_of(take(turn, "referenceContexts"));
  return passages;
}

Result<json::object> from_bedrock_rag(json::object object) {
  json::value turns = take(object, "conversationTurns");
  if (!turns.is_array() || turns.get_array().empty())
    return wrong("must be a list with at least one turn", "conversationTurns");
  json::object fields;
  take_common(fields, object);
  json::array messages;
  json::array& list = turns.get_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = fmt::format("conversationTurns[{}]", i);
    if (!list[i].is_object()) return wrong("must be an object with a prompt", where);
    json::object& turn = list[i].get_object();
    json::array prompt = texts_of(take(turn, "prompt"));
    if (prompt.empty()) return wrong("has no text in prompt.content", where);
    messages.push_back(json::object{{"role", "user"}, {"content", joined(std::move(prompt))}});
    json::array references = texts_of(take(turn, "referenceResponses"));
    if (i + 1 < list.size()) {
      if (!references.empty())
        messages.push_back(json::object{{"role", "assistant"}, {"content", std::move(references[0])}});
      continue;
    }
    if (!references.empty()) fields["expected"] = one_or_all(std::move(references));
    json::array passages = passages_of(turn);
    if (!passages.empty()) fields["context"] = std::move(passages);
    rest_to_metadata(fields, std::move(turn));
  }
  fields["input"] = messages.size() == 1 ? std::move(messages[0].get_object()["content"])
                                         : json::value(std::move(messages));
  rest_to_metadata(fields, std::move(object));
  return fields;
}

bool only_own(const json::object& object) {
  static constexpr std::array<std::string_view, 9> kOwn = {
      "id", "input", "expected", "context", "tags", "split", "cluster", "provenance", "metadata"};
  return std::ranges::all_of(object, [](const json::key_value_pair& member) {
    return std::ranges::find(kOwn, std::string_view(member.key())) != kOwn.end();
  });
}

}  // namespace

std::string_view format_of(CaseShape shape) {
  switch (shape) {
    case CaseShape::kOwn: return "jsonl";
    case CaseShape::kEvals:
    case CaseShape::kItem:
    case CaseShape::kChat:
    case CaseShape::kPreference:
    case CaseShape::kCompletion: return "openai";
    case CaseShape::kBedrock:
    case CaseShape::kBedrockRag: return "bedrock";
    case CaseShape::kPromptfoo: return "promptfoo";
  }
  return "jsonl";
}

Result<CaseShape> shape_of(const json::object& object) {
  const auto has = [&](std::string_view name) { return object.contains(name); };
  if (has("input") && only_own(object)) return CaseShape::kOwn;
  if (has("conversationTurns")) return CaseShape::kBedrockRag;
  if (has("preferred_output")) return CaseShape::kPreference;
  if (has("input") && has("ideal")) return CaseShape::kEvals;
  if (has("item")) return CaseShape::kItem;
  if (has("messages")) return CaseShape::kChat;
  if (has("prompt") && has("completion")) return CaseShape::kCompletion;
  if (has("prompt") && (has("referenceResponse") || has("modelResponses") || has("category")))
    return CaseShape::kBedrock;
  if (has("vars") || has("assert")) return CaseShape::kPromptfoo;
  if (has("input")) return CaseShape::kOwn;  // what is too much is told by its name
  if (has("prompt")) return CaseShape::kBedrock;
  return wrong("this is no case that is known here", {},
               "A case has \"input\" (and \"expected\"); also known are OpenAI's \"messages\", \"ideal\" and "
               "\"item\", Bedrock's \"prompt\" and \"conversationTurns\", and promptfoo's \"vars\".");
}

Result<std::vector<json::object>> fields_of(CaseShape shape, json::object object) {
  if (shape == CaseShape::kPromptfoo) return promptfoo_cases(std::move(object), {});
  Result<json::object> fields = std::move(object);
  switch (shape) {
    case CaseShape::kEvals: fields = from_evals(std::move(*fields)); break;
    case CaseShape::kItem: fields = from_item(std::move(*fields)); break;
    case CaseShape::kChat: fields = from_chat(std::move(*fields)); break;
    case CaseShape::kPreference: fields = from_preference(std::move(*fields)); break;
    case CaseShape::kCompletion: fields = from_completion(std::move(*fields)); break;
    case CaseShape::kBedrock: fields = from_bedrock(std::move(*fields)); break;
    case CaseShape::kBedrockRag: fields = from_bedrock_rag(std::move(*fields)); break;
    default: break;
  }
  if (!fields) return fail(fields.error());
  std::vector<json::object> all;
  all.push_back(std::move(*fields));
  return all;
}

}  // namespace slipway::catalog
