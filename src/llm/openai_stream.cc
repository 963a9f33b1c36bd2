// SPDX-License-Identifier: Apache-2.0
// Streams of chat completion chunks, read from a provider and written for a client.
#include <algorithm>
#include <map>
#include <set>

#include "base/clock.h"
#include "llm/fields.h"
#include "llm/openai_dialect.h"
#include "llm/openai_shapes.h"

namespace slipway::llm {

namespace {

using Kind = ChatEvent::Kind;

std::string text_of(const json::value* value) {
  return value != nullptr && value->is_string() ? std::string(view_of(value->get_string())) : std::string();
}

const json::object* object_of(const json::value* value) {
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

const json::array* array_of(const json::value* value) {
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

class OpenAiStreamDecoder final : public StreamDecoder {
 public:
  void feed(std::string_view event, std::string_view data, std::vector<ChatEvent>& out) override {
    if (over_) return;
    if (data == "[DONE]") {
      flush_nameless(out);
      over_ = true;
      emit(out, Kind::kEnd);
      return;
    }
    if (data.empty()) return;
    const auto parsed = parse_object(data);
    if (!parsed)
      return error(out, {ErrorClass::kServerError, 0, -1, "the provider sent a malformed event", {}, {}, {}});
    if (const json::value* problem = parsed->if_contains("error"); problem != nullptr && !problem->is_null())
      return error(out, openai::read_error(*problem, 0));
    if (event == "error") return error(out, openai::read_error(*parsed, 0));
    feed_chunk(*parsed, out);
  }

  void finish(std::vector<ChatEvent>& out) override {
    if (over_) return;
    // Some servers never say [DONE]; a finish reason for every choice that was begun is as good.
    if (!begun_.empty() && std::ranges::includes(stopped_, begun_)) {
      over_ = true;
      emit(out, Kind::kEnd);
      return;
    }
    error(out, {ErrorClass::kServerError,
                0,
                -1,
                "the provider's stream ended before the answer was complete",
                {},
                {},
                {}});
  }

 private:
  struct Call {
    std::int64_t index = 0;  // ours, dense
    std::string id;
    std::string kind;
    bool started = false;
    std::string early_arguments;  // came before the name
  };
  struct Calls {
    std::map<std::int64_t, Call> by_wire_index;
    std::int64_t next = 0;
    std::int64_t last_wire_index = -1;
  };

  ChatEvent& emit(std::vector<ChatEvent>& out, Kind kind) {
    out.emplace_back().kind = kind;
    return out.back();
  }

  void error(std::vector<ChatEvent>& out, ProviderError problem) {
    over_ = true;
    emit(out, Kind::kError).error = std::move(problem);
  }

  void feed_chunk(const json::object& chunk, std::vector<ChatEvent>& out) {
    const json::array* choices = array_of(chunk.if_contains("choices"));
    if (!started_) {
      started_ = true;
      ChatEvent& start = emit(out, Kind::kStart);
      start.id = text_of(chunk.if_contains("id"));
      start.model = text_of(chunk.if_contains("model"));
    }
    if (choices != nullptr)
      for (const json::value& element : *choices)
        if (element.is_object()) feed_choice(element.get_object(), out);
    if (const json::value* usage = chunk.if_contains("usage"))
      if (const auto counts = openai::read_usage(*usage)) emit(out, Kind::kUsage).usage = *counts;
  }

  void feed_choice(const json::object& choice, std::vector<ChatEvent>& out) {
    std::int64_t index = 0;
    if (const json::value* value = choice.if_contains("index"); value != nullptr && value->is_int64())
      index = value->get_int64();
    begun_.insert(index);
    const json::value* logprobs = choice.if_contains("logprobs");
    const bool has_logprobs = object_of(logprobs) != nullptr;
    if (const json::object* delta = object_of(choice.if_contains("delta"))) {
      const std::size_t before = out.size();
      feed_delta(index, *delta, out);
      if (has_logprobs) {
        const auto text = std::find_if(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                                       [](const ChatEvent& e) { return e.kind == Kind::kTextDelta; });
        ChatEvent& target = text == out.end() ? emit(out, Kind::kTextDelta) : *text;
        target.choice = index;
        target.logprobs = *logprobs;
      }
    }
    if (const std::string reason = text_of(choice.if_contains("finish_reason")); !reason.empty()) {
      stopped_.insert(index);
      flush_nameless(out);
      ChatEvent& stop = emit(out, Kind::kStop);
      stop.choice = index;
      stop.raw_stop = reason;
      stop.stop = openai::stop_reason(reason);
    }
  }

  void feed_delta(std::int64_t index, const json::object& delta, std::vector<ChatEvent>& out) {
    const auto text = [&](std::string_view key, Kind kind) {
      std::string piece = text_of(delta.if_contains(key));
      if (piece.empty()) return false;
      ChatEvent& event = emit(out, kind);
      event.choice = index;
      event.text = std::move(piece);
      return true;
    };
    if (!text("reasoning_content", Kind::kReasoningDelta)) text("reasoning", Kind::kReasoningDelta);
    if (const json::array* blocks = array_of(delta.if_contains("thinking_blocks"))) {
      std::vector<Part> parts;
      openai::read_thinking_blocks(*blocks, parts);
      for (const Part& part : parts) {
        const auto& reasoning = *part.as<ReasoningPart>();
        if (reasoning.redacted.empty() && reasoning.signature.empty()) continue;
        ChatEvent& event =
            emit(out, reasoning.redacted.empty() ? Kind::kReasoningSignature : Kind::kReasoningRedacted);
        event.choice = index;
        event.text = reasoning.redacted.empty() ? reasoning.signature : reasoning.redacted;
      }
    }
    text("content", Kind::kTextDelta);
    text("refusal", Kind::kRefusalDelta);
    if (const json::value* annotations = delta.if_contains("annotations"))
      for (Citation& citation : openai::read_annotations(*annotations)) {
        ChatEvent& event = emit(out, Kind::kCitation);
        event.choice = index;
        event.citation = std::move(citation);
      }
    if (const json::array* calls = array_of(delta.if_contains("tool_calls")))
      for (const json::value& element : *calls)
        if (element.is_object()) feed_call(index, element.get_object(), out);
    if (const json::object* legacy = object_of(delta.if_contains("function_call")))
      feed_call(index, json::object{{"index", 0}, {"function", *legacy}}, out);
  }

  void feed_call(std::int64_t choice, const json::object& delta, std::vector<ChatEvent>& out) {
    Calls& calls = calls_[choice];
    const std::string id = text_of(delta.if_contains("id"));
    const json::object* function = object_of(delta.if_contains("function"));
    const bool custom = function == nullptr && object_of(delta.if_contains("custom")) != nullptr;
    if (custom) function = object_of(delta.if_contains("custom"));
    const std::string name = function == nullptr ? std::string() : text_of(function->if_contains("name"));
    const std::string arguments =
        function == nullptr ? std::string() : text_of(function->if_contains(custom ? "input" : "arguments"));

    std::int64_t wire = calls.last_wire_index;
    if (const json::value* value = delta.if_contains("index"); value != nullptr && value->is_int64())
      wire = value->get_int64();
    else if (!id.empty() || wire < 0)
      wire = calls.last_wire_index + 1;  // servers that leave the index out tell calls apart by their ids
    auto found = calls.by_wire_index.find(wire);
    const bool other_id = found != calls.by_wire_index.end() && !id.empty() && !found->second.id.empty() &&
                          id != found->second.id && !name.empty();
    if (found == calls.by_wire_index.end() || other_id) {
      // A new id under a used index is a new call too: some servers number every parallel call 0.
      Call call;
      call.index = calls.next++;
      call.kind = custom ? "custom" : "function";
      found = calls.by_wire_index.insert_or_assign(wire, std::move(call)).first;
    }
    calls.last_wire_index = wire;
    Call& call = found->second;
    if (call.id.empty()) call.id = id;
    if (!call.started && !name.empty()) {
      start_call(choice, call, name, out);
      if (!call.early_arguments.empty())
        arguments_of(choice, call, std::exchange(call.early_arguments, {}), out);
    }
    if (arguments.empty()) return;
    if (call.started)
      arguments_of(choice, call, arguments, out);
    else
      call.early_arguments += arguments;
  }

  void start_call(std::int64_t choice, Call& call, const std::string& name, std::vector<ChatEvent>& out) {
    call.started = true;
    ChatEvent& event = emit(out, Kind::kToolCallStart);
    event.choice = choice;
    event.tool_index = call.index;
    event.id = call.id;
    event.name = name;
    event.text = call.kind;
  }

  void arguments_of(std::int64_t choice, const Call& call, std::string text, std::vector<ChatEvent>& out) {
    ChatEvent& event = emit(out, Kind::kToolCallArguments);
    event.choice = choice;
    event.tool_index = call.index;
    event.text = std::move(text);
  }

  // Calls that never got a name are handed on nameless rather than lost.
  void flush_nameless(std::vector<ChatEvent>& out) {
    for (auto& [choice, calls] : calls_)
      for (auto& [wire, call] : calls.by_wire_index)
        if (!call.started) {
          start_call(choice, call, {}, out);
          if (!call.early_arguments.empty())
            arguments_of(choice, call, std::exchange(call.early_arguments, {}), out);
        }
  }

  bool started_ = false;
  bool over_ = false;
  std::set<std::int64_t> begun_;
  std::set<std::int64_t> stopped_;
  std::map<std::int64_t, Calls> calls_;
};

class OpenAiStreamEncoder final : public StreamEncoder {
 public:
  explicit OpenAiStreamEncoder(StreamEncoderOptions options) : options_(std::move(options)) {
    if (options_.created_s <= 0) options_.created_s = unix_now_us() / 1'000'000;
  }

  void encode(const ChatEvent& event, std::string& out) override {
    switch (event.kind) {
      case Kind::kStart:
        if (!event.id.empty()) options_.id = event.id;
        if (options_.model.empty()) options_.model = event.model;
        return open_choice(0, out);
      case Kind::kTextDelta: return text_delta("content", event, out);
      case Kind::kRefusalDelta: return text_delta("refusal", event, out);
      case Kind::kReasoningDelta:
        reasoning_[event.choice] += event.text;
        return text_delta("reasoning_content", event, out);
      case Kind::kReasoningSignature:
      case Kind::kReasoningRedacted: return thinking_block(event, out);
      case Kind::kToolCallStart: return tool_call(event, out);
      case Kind::kToolCallArguments: return tool_arguments(event, out);
      case Kind::kCitation: return citation(event, out);
      case Kind::kPart: return;  // a stream of this dialect has no word for them
      case Kind::kStop: return stop(event, out);
      case Kind::kUsage: return merge_usage(usage_, event.usage);
      case Kind::kError: return error(event.error, out);
      case Kind::kEnd: return end(out);
      case Kind::kPing: out += ": ping\n\n"; return;
    }
  }

 private:
  // Writes one chunk with one choice; `delta` writes the members of its delta.
  template <class Delta>
  void chunk(const ChatEvent& event, std::string& out, std::string_view finish, Delta&& delta) {
    out += "data: ";
    JsonWriter json(out);
    head(json);
    json.key("choices");
    json.begin_array();
    json.begin_object();
    json.member("index", event.choice);
    json.key("delta");
    json.begin_object();
    delta(json);
    json.end_object();
    json.member("logprobs", event.logprobs);
    json.key("finish_reason");
    if (finish.empty())
      json.null();
    else
      json.string(finish);
    json.end_object();
    json.end_array();
    if (options_.include_usage) {
      json.key("usage");
      json.null();
    }
    json.end_object();
    out += "\n\n";
  }

  void head(JsonWriter& json) const {
    json.begin_object();
    json.member("id", options_.id);
    json.member("object", "chat.completion.chunk");
    json.member("created", options_.created_s);
    json.member("model", options_.model);
  }

  void open_choice(std::int64_t choice, std::string& out) {
    if (!opened_.insert(choice).second) return;
    ChatEvent event;
    event.choice = choice;
    chunk(event, out, {}, [](JsonWriter& json) {
      json.member("role", "assistant");
      json.member("content", "");
    });
  }

  void text_delta(std::string_view key, const ChatEvent& event, std::string& out) {
    open_choice(event.choice, out);
    chunk(event, out, {}, [&](JsonWriter& json) { json.member(key, event.text); });
  }

  void thinking_block(const ChatEvent& event, std::string& out) {
    open_choice(event.choice, out);
    // A signature seals the text before it; the pair must come back together in the next turn.
    ReasoningPart reasoning;
    if (event.kind == Kind::kReasoningRedacted) {
      reasoning.redacted = event.text;
    } else {
      reasoning.text = std::exchange(reasoning_[event.choice], {});
      reasoning.signature = event.text;
    }
    std::vector<Part> parts(1);
    parts[0].body = std::move(reasoning);
    chunk(event, out, {}, [&](JsonWriter& json) {
      json.key("thinking_blocks");
      openai::write_thinking_blocks(json, parts);
    });
  }

  void tool_call(const ChatEvent& event, std::string& out) {
    open_choice(event.choice, out);
    const ToolCallPart call{event.id, event.name, {}, event.text.empty() ? "function" : event.text};
    kinds_[{event.choice, event.tool_index}] = call.kind;
    chunk(event, out, {}, [&](JsonWriter& json) {
      json.key("tool_calls");
      json.begin_array();
      openai::write_tool_call(json, call, event.tool_index);
      json.end_array();
    });
  }

  void tool_arguments(const ChatEvent& event, std::string& out) {
    const bool custom = kinds_[{event.choice, event.tool_index}] == "custom";
    chunk(event, out, {}, [&](JsonWriter& json) {
      json.key("tool_calls");
      json.begin_array();
      json.begin_object();
      json.member("index", event.tool_index);
      json.key(custom ? "custom" : "function");
      json.begin_object();
      json.member(custom ? "input" : "arguments", event.text);
      json.end_object();
      json.end_object();
      json.end_array();
    });
  }

  void citation(const ChatEvent& event, std::string& out) {
    std::vector<Part> parts{Part::of_text("")};
    parts[0].as<TextPart>()->citations.push_back(event.citation);
    open_choice(event.choice, out);
    chunk(event, out, {}, [&](JsonWriter& json) {
      json.key("annotations");
      openai::write_annotations(json, parts);
    });
  }

  void stop(const ChatEvent& event, std::string& out) {
    open_choice(event.choice, out);
    chunk(event, out, openai::finish_reason(event.stop, event.raw_stop), [](JsonWriter&) {});
  }

  void error(const ProviderError& problem, std::string& out) {
    out += "data: ";
    JsonWriter json(out);
    openai::write_error(json, problem);
    out += "\n\n";
  }

  void end(std::string& out) {
    if (options_.include_usage && usage_.known()) {
      out += "data: ";
      JsonWriter json(out);
      head(json);
      json.key("choices");
      json.begin_array();
      json.end_array();
      json.key("usage");
      openai::write_usage(json, usage_);
      json.end_object();
      out += "\n\n";
    }
    out += "data: [DONE]\n\n";
  }

  StreamEncoderOptions options_;
  Usage usage_;
  std::set<std::int64_t> opened_;
  std::map<std::int64_t, std::string> reasoning_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::string> kinds_;
};

}  // namespace

std::unique_ptr<StreamDecoder> OpenAiDialect::stream_decoder() const {
  return std::make_unique<OpenAiStreamDecoder>();
}

std::unique_ptr<StreamEncoder> OpenAiDialect::stream_encoder(StreamEncoderOptions options) const {
  return std::make_unique<OpenAiStreamEncoder>(std::move(options));
}

}  // namespace slipway::llm
