// SPDX-License-Identifier: Apache-2.0
// Streams of the Messages API, read from the provider and written for a client.
#include <map>
#include <optional>

#include "llm/anthropic_dialect.h"
#include "llm/anthropic_shapes.h"

namespace slipway::llm {

namespace {

using Kind = ChatEvent::Kind;

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(view_of(value->get_string())) : std::string();
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

std::int64_t index_of(const json::object& object) {
  const json::value* value = object.if_contains("index");
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

class AnthropicStreamDecoder final : public StreamDecoder {
 public:
  void feed(std::string_view event, std::string_view data, std::vector<ChatEvent>& out) override {
    if (over_ || data.empty()) return;
    const auto parsed = parse_object(data);
    if (!parsed)
      return error(out, {ErrorClass::kServerError, 0, -1, "the provider sent a malformed event", {}, {}, {}});
    std::string type = text_at(*parsed, "type");
    if (type.empty()) type = event;
    if (type == "message_start") {
      start(*parsed, out);
    } else if (type == "content_block_start") {
      block_start(*parsed, out);
    } else if (type == "content_block_delta") {
      block_delta(*parsed, out);
    } else if (type == "content_block_stop") {
      block_stop(index_of(*parsed), out);
    } else if (type == "message_delta") {
      message_delta(*parsed, out);
    } else if (type == "message_stop") {
      over_ = true;
      emit(out, Kind::kEnd);
    } else if (type == "ping") {
      emit(out, Kind::kPing);
    } else if (type == "error") {
      const json::value* problem = parsed->if_contains("error");
      error(out, anthropic::read_error(problem != nullptr ? *problem : json::value(*parsed), 0));
    }
    // Event types that come later are no reason to fail: Anthropic announces that it adds some.
  }

  void finish(std::vector<ChatEvent>& out) override {
    if (over_) return;
    error(out, {ErrorClass::kServerError,
                0,
                -1,
                "the provider's stream ended before the answer was complete",
                {},
                {},
                {}});
  }

 private:
  struct Block {
    enum class Type : std::uint8_t { kText, kThinking, kTool, kOther } type = Type::kOther;
    std::int64_t tool_index = 0;
    std::string input;  // given whole at the start; of kOther, put together from its pieces
    bool has_arguments = false;
    json::object value;  // of kOther, as it began
  };

  ChatEvent& emit(std::vector<ChatEvent>& out, Kind kind) {
    out.emplace_back().kind = kind;
    return out.back();
  }

  void error(std::vector<ChatEvent>& out, ProviderError problem) {
    over_ = true;
    if (problem.message.empty()) problem.message = "the provider reported an error without a message";
    emit(out, Kind::kError).error = std::move(problem);
  }

  void usage(const json::object& holder, std::vector<ChatEvent>& out) {
    const json::value* value = holder.if_contains("usage");
    if (value == nullptr) return;
    const Usage counts = anthropic::read_usage(*value);
    if (counts.known()) emit(out, Kind::kUsage).usage = counts;
  }

  void start(const json::object& event, std::vector<ChatEvent>& out) {
    const json::object* message = object_at(event, "message");
    ChatEvent& begun = emit(out, Kind::kStart);
    if (message == nullptr) return;
    begun.id = text_at(*message, "id");
    begun.model = text_at(*message, "model");
    usage(*message, out);
  }

  void block_start(const json::object& event, std::vector<ChatEvent>& out) {
    const json::object* content = object_at(event, "content_block");
    if (content == nullptr) return;
    const std::string type = text_at(*content, "type");
    Block block;
    if (type == "text") {
      block.type = Block::Type::kText;
      if (std::string text = text_at(*content, "text"); !text.empty())
        emit(out, Kind::kTextDelta).text = std::move(text);
    } else if (type == "thinking") {
      block.type = Block::Type::kThinking;
      if (std::string text = text_at(*content, "thinking"); !text.empty())
        emit(out, Kind::kReasoningDelta).text = std::move(text);
      if (std::string signature = text_at(*content, "signature"); !signature.empty())
        emit(out, Kind::kReasoningSignature).text = std::move(signature);
    } else if (type == "redacted_thinking") {
      emit(out, Kind::kReasoningRedacted).text = text_at(*content, "data");
    } else if (type == "tool_use") {
      block.type = Block::Type::kTool;
      block.tool_index = next_tool_++;
      if (const json::object* input = object_at(*content, "input"); input != nullptr && !input->empty())
        block.input = to_json_text(*input);
      ChatEvent& call = emit(out, Kind::kToolCallStart);
      call.tool_index = block.tool_index;
      call.id = text_at(*content, "id");
      call.name = text_at(*content, "name");
      call.text = "function";
    } else {
      block.value = *content;
    }
    blocks_[index_of(event)] = std::move(block);
  }

  void block_delta(const json::object& event, std::vector<ChatEvent>& out) {
    const json::object* delta = object_at(event, "delta");
    const auto found = blocks_.find(index_of(event));
    if (delta == nullptr || found == blocks_.end()) return;
    Block& block = found->second;
    const std::string type = text_at(*delta, "type");
    if (type == "text_delta") {
      if (std::string text = text_at(*delta, "text"); !text.empty())
        emit(out, Kind::kTextDelta).text = std::move(text);
    } else if (type == "thinking_delta") {
      if (std::string text = text_at(*delta, "thinking"); !text.empty())
        emit(out, Kind::kReasoningDelta).text = std::move(text);
    } else if (type == "signature_delta") {
      if (std::string text = text_at(*delta, "signature"); !text.empty())
        emit(out, Kind::kReasoningSignature).text = std::move(text);
    } else if (type == "input_json_delta" && block.type == Block::Type::kOther) {
      block.input += text_at(*delta, "partial_json");
    } else if (type == "input_json_delta" && block.type == Block::Type::kTool) {
      std::string text = text_at(*delta, "partial_json");
      if (text.empty()) return;
      block.has_arguments = true;
      ChatEvent& piece = emit(out, Kind::kToolCallArguments);
      piece.tool_index = block.tool_index;
      piece.text = std::move(text);
    } else if (type == "citations_delta") {
      if (const json::object* citation = object_at(*delta, "citation"))
        emit(out, Kind::kCitation).citation = anthropic::read_citation(*citation);
    }
  }

  void block_stop(std::int64_t index, std::vector<ChatEvent>& out) {
    const auto found = blocks_.find(index);
    if (found == blocks_.end()) return;
    Block& block = found->second;
    if (block.type == Block::Type::kOther && !block.value.empty()) whole_block(block, out);
    if (block.type == Block::Type::kTool && !block.has_arguments) {
      // A call without arguments brings no delta, but every reader of arguments expects JSON.
      ChatEvent& piece = emit(out, Kind::kToolCallArguments);
      piece.tool_index = block.tool_index;
      piece.text = block.input.empty() ? "{}" : block.input;
    }
    blocks_.erase(found);
  }

  // A tool of the provider's own, its result, or what is invented next: told as one piece.
  void whole_block(Block& block, std::vector<ChatEvent>& out) {
    if (auto input = parse_json(block.input); input && input->is_object()) block.value["input"] = *input;
    auto part = std::make_shared<Part>();
    part->body = OpaquePart{std::string(anthropic::kDialect), std::move(block.value)};
    emit(out, Kind::kPart).part = std::move(part);
  }

  void message_delta(const json::object& event, std::vector<ChatEvent>& out) {
    if (const json::object* delta = object_at(event, "delta")) {
      if (std::string reason = text_at(*delta, "stop_reason"); !reason.empty()) {
        ChatEvent& stop = emit(out, Kind::kStop);
        stop.stop = anthropic::stop_reason(reason);
        stop.raw_stop = std::move(reason);
        stop.stop_sequence = text_at(*delta, "stop_sequence");
      }
    }
    usage(event, out);
  }

  bool over_ = false;
  std::int64_t next_tool_ = 0;
  std::map<std::int64_t, Block> blocks_;
};

class AnthropicStreamEncoder final : public StreamEncoder {
 public:
  explicit AnthropicStreamEncoder(StreamEncoderOptions options) : options_(std::move(options)) {}

  void encode(const ChatEvent& event, std::string& out) override {
    if (event.choice != 0) return;  // there is but one answer here
    switch (event.kind) {
      case Kind::kStart:
        if (!event.id.empty()) options_.id = event.id;
        if (options_.model.empty()) options_.model = event.model;
        return;  // written with the first event behind it, as usage may follow at once
      case Kind::kUsage: return merge_usage(usage_, event.usage);
      case Kind::kPing: return named(out, "ping", [](JsonWriter&) {});
      case Kind::kTextDelta:
        if (event.text.empty()) return;
        open(Type::kText, out);
        return delta(out, "text_delta", "text", event.text);
      case Kind::kRefusalDelta: open(Type::kText, out); return delta(out, "text_delta", "text", event.text);
      case Kind::kReasoningDelta:
        open(Type::kThinking, out);
        return delta(out, "thinking_delta", "thinking", event.text);
      case Kind::kReasoningSignature:
        open(Type::kThinking, out);
        delta(out, "signature_delta", "signature", event.text);
        return close(out);
      case Kind::kReasoningRedacted: return redacted(event, out);
      case Kind::kToolCallStart: return tool_start(event, out);
      case Kind::kToolCallArguments: return tool_arguments(event, out);
      case Kind::kCitation: return citation(event, out);
      case Kind::kPart: return whole_part(event, out);
      case Kind::kStop:
        if (event.choice == 0) stop_ = event;
        return;
      case Kind::kError: return error(event.error, out);
      case Kind::kEnd: return end(out);
    }
  }

 private:
  enum class Type : std::uint8_t { kNone, kText, kThinking };

  template <class Members>
  void named(std::string& out, std::string_view type, Members&& members) {
    out.append("event: ").append(type).append("\ndata: ");
    JsonWriter json(out);
    json.begin_object();
    json.member("type", type);
    members(json);
    json.end_object();
    out += "\n\n";
  }

  void begin(std::string& out) {
    if (begun_) return;
    begun_ = true;
    named(out, "message_start", [this](JsonWriter& json) {
      json.key("message");
      json.begin_object();
      json.member("id", options_.id);
      json.member("type", "message");
      json.member("role", "assistant");
      json.member("model", options_.model);
      json.raw_member("content", "[]");
      json.raw_member("stop_reason", "null");
      json.raw_member("stop_sequence", "null");
      json.key("usage");
      anthropic::write_usage(json, usage_);
      json.end_object();
    });
  }

  // Writes the start of a block; `content` writes the members of content_block.
  template <class Content>
  std::int64_t block(std::string& out, Content&& content) {
    begin(out);
    const std::int64_t index = next_block_++;
    named(out, "content_block_start", [&](JsonWriter& json) {
      json.member("index", index);
      json.key("content_block");
      json.begin_object();
      content(json);
      json.end_object();
    });
    return index;
  }

  // Only blocks of this dialect come whole in a stream of it.
  void whole_part(const ChatEvent& event, std::string& out) {
    const OpaquePart* opaque = event.part == nullptr ? nullptr : event.part->as<OpaquePart>();
    if (opaque == nullptr || opaque->dialect != anthropic::kDialect) return;
    close(out);
    block_end(block(out, [opaque](JsonWriter& json) { json.members_of(opaque->value); }), out);
  }

  void block_end(std::int64_t index, std::string& out) {
    named(out, "content_block_stop", [index](JsonWriter& json) { json.member("index", index); });
  }

  void open(Type type, std::string& out) {
    if (open_ == type) return;
    close(out);
    current_ = block(out, [type](JsonWriter& json) {
      json.member("type", type == Type::kText ? "text" : "thinking");
      json.member(type == Type::kText ? "text" : "thinking", "");
      if (type == Type::kThinking) json.member("signature", "");
    });
    open_ = type;
  }

  void close(std::string& out) {
    if (open_ == Type::kNone) return;
    open_ = Type::kNone;
    block_end(current_, out);
  }

  void delta(std::string& out, std::string_view type, std::string_view field, std::string_view text) {
    delta_at(current_, out, type, field, text);
  }

  void delta_at(std::int64_t index, std::string& out, std::string_view type, std::string_view field,
                std::string_view text) {
    named(out, "content_block_delta", [&](JsonWriter& json) {
      json.member("index", index);
      json.key("delta");
      json.begin_object();
      json.member("type", type);
      json.member(field, text);
      json.end_object();
    });
  }

  void redacted(const ChatEvent& event, std::string& out) {
    close(out);
    const std::int64_t index = block(out, [&event](JsonWriter& json) {
      json.member("type", "redacted_thinking");
      json.member("data", event.text);
    });
    block_end(index, out);
  }

  void tool_start(const ChatEvent& event, std::string& out) {
    close(out);
    // Blocks of calls stay open until the end: arguments of parallel calls may arrive interleaved.
    tools_[event.tool_index] = block(out, [&event](JsonWriter& json) {
      json.member("type", "tool_use");
      json.member("id", event.id);
      json.member("name", event.name);
      json.raw_member("input", "{}");
    });
  }

  void tool_arguments(const ChatEvent& event, std::string& out) {
    const auto found = tools_.find(event.tool_index);
    if (found == tools_.end()) return;
    delta_at(found->second, out, "input_json_delta", "partial_json", event.text);
  }

  void citation(const ChatEvent& event, std::string& out) {
    open(Type::kText, out);
    named(out, "content_block_delta", [&](JsonWriter& json) {
      json.member("index", current_);
      json.key("delta");
      json.begin_object();
      json.member("type", "citations_delta");
      json.key("citation");
      anthropic::write_citation(json, event.citation);
      json.end_object();
    });
  }

  void error(const ProviderError& problem, std::string& out) {
    out += "event: error\ndata: ";
    JsonWriter json(out);
    anthropic::write_error(json, problem);
    out += "\n\n";
  }

  void end(std::string& out) {
    begin(out);
    close(out);
    for (const auto& [tool, index] : tools_) block_end(index, out);
    named(out, "message_delta", [this](JsonWriter& json) {
      json.key("delta");
      json.begin_object();
      json.member("stop_reason", anthropic::stop_reason_word(stop_.stop, stop_.raw_stop));
      json.key("stop_sequence");
      if (stop_.stop_sequence.empty())
        json.null();
      else
        json.string(stop_.stop_sequence);
      json.end_object();
      json.key("usage");
      anthropic::write_usage(json, usage_);
    });
    named(out, "message_stop", [](JsonWriter&) {});
  }

  StreamEncoderOptions options_;
  Usage usage_;
  ChatEvent stop_;
  bool begun_ = false;
  Type open_ = Type::kNone;
  std::int64_t current_ = 0;
  std::int64_t next_block_ = 0;
  std::map<std::int64_t, std::int64_t> tools_;
};

}  // namespace

std::unique_ptr<StreamDecoder> AnthropicDialect::stream_decoder() const {
  return std::make_unique<AnthropicStreamDecoder>();
}

std::unique_ptr<StreamEncoder> AnthropicDialect::stream_encoder(StreamEncoderOptions options) const {
  return std::make_unique<AnthropicStreamEncoder>(std::move(options));
}

}  // namespace slipway::llm
