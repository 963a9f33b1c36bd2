// SPDX-License-Identifier: Apache-2.0
// The vocabulary's chat request as a body for OpenAI or a server compatible with it.
#include "llm/fields.h"
#include "llm/openai_dialect.h"
#include "llm/openai_shapes.h"

namespace slipway::llm {

namespace {

using openai::kDialect;

// Writes one request; keeps what it has to leave out.
class RequestWriter {
 public:
  RequestWriter(const ChatRequest& request, std::string& out, std::vector<std::string>& dropped)
      : request_(request), own_(request.dialect == kDialect), out_(out), dropped_(dropped) {}

  Result<> write() {
    const Sampling& s = request_.sampling;
    out_.begin_object();
    out_.member("model", request_.model);
    out_.key("messages");
    out_.begin_array();
    SLIPWAY_TRY(write_messages());
    out_.end_array();
    SLIPWAY_TRY(write_tools());
    out_.optional_member("parallel_tool_calls", request_.parallel_tool_calls);
    write_response_format();
    out_.optional_member("temperature", s.temperature);
    out_.optional_member("top_p", s.top_p);
    if (s.top_k && own_) out_.member("top_k", *s.top_k);
    if (s.top_k && !own_) dropped_.emplace_back("top_k");
    out_.optional_member(s.max_tokens_by_old_name ? "max_tokens" : "max_completion_tokens", s.max_tokens);
    if (!s.stop.empty()) {
      out_.key("stop");
      out_.begin_array();
      for (const std::string& word : s.stop) out_.string(word);
      out_.end_array();
    }
    out_.optional_member("seed", s.seed);
    out_.optional_member("frequency_penalty", s.frequency_penalty);
    out_.optional_member("presence_penalty", s.presence_penalty);
    out_.optional_member("logprobs", s.logprobs);
    out_.optional_member("top_logprobs", s.top_logprobs);
    out_.optional_member("n", s.n);
    write_reasoning();
    if (request_.stream) write_stream();
    out_.nonempty_member("user", request_.user);
    if (!request_.metadata.empty()) out_.member("metadata", request_.metadata);
    for (const auto& item : request_.extra)
      if (item.key() != "stream_options") out_.member({item.key().data(), item.key().size()}, item.value());
    out_.end_object();
    return {};
  }

 private:
  void write_reasoning() {
    if (!request_.reasoning.effort.empty()) {
      out_.member("reasoning_effort", request_.reasoning.effort);
    } else if (request_.reasoning.budget_tokens) {
      // OpenAI takes steps, not tokens; the steps are those other gateways use.
      const std::int64_t budget = *request_.reasoning.budget_tokens;
      out_.member("reasoning_effort", budget <= 0       ? "none"
                                      : budget <= 2'048 ? "low"
                                      : budget <= 8'192 ? "medium"
                                                        : "high");
    }
  }

  void write_stream() {
    out_.member("stream", true);
    out_.key("stream_options");
    out_.begin_object();
    out_.member("include_usage", true);
    if (const json::value* options = request_.extra.if_contains("stream_options");
        options && options->is_object())
      out_.members_of(options->get_object());
    out_.end_object();
  }

  void write_response_format() {
    if (!request_.response_format) return;
    const ResponseFormat& format = *request_.response_format;
    out_.key("response_format");
    out_.begin_object();
    switch (format.kind) {
      case ResponseFormat::Kind::kText: out_.member("type", "text"); break;
      case ResponseFormat::Kind::kJson: out_.member("type", "json_object"); break;
      case ResponseFormat::Kind::kJsonSchema:
        out_.member("type", "json_schema");
        out_.key("json_schema");
        out_.begin_object();
        out_.member("name", format.name.empty() ? std::string_view("answer") : std::string_view(format.name));
        out_.nonempty_member("description", format.description);
        if (!format.schema.is_null()) out_.member("schema", format.schema);
        out_.optional_member("strict", format.strict);
        out_.end_object();
        break;
    }
    out_.end_object();
  }

  Result<> write_tools() {
    if (request_.tools.empty()) return {};
    out_.key("tools");
    out_.begin_array();
    for (std::size_t i = 0; i < request_.tools.size(); ++i) {
      const Tool& tool = request_.tools[i];
      if (tool.kind != "function") {
        if (!own_)
          return fail(
              ErrorCode::kInvalidArgument,
              "a tool of type '" + tool.kind + "' runs at its own provider and can't be sent to OpenAI",
              indexed("tools", i));
        out_.object(tool.raw);
        continue;
      }
      out_.begin_object();
      out_.member("type", "function");
      out_.key("function");
      out_.begin_object();
      out_.member("name", tool.name);
      out_.nonempty_member("description", tool.description);
      if (!tool.schema.is_null()) out_.member("parameters", tool.schema);
      out_.optional_member("strict", tool.strict);
      if (own_) out_.members_of(tool.raw);
      out_.end_object();
      out_.end_object();
    }
    out_.end_array();
    if (!request_.tool_choice) return {};
    out_.key("tool_choice");
    switch (request_.tool_choice->kind) {
      case ToolChoice::Kind::kAuto: out_.string("auto"); break;
      case ToolChoice::Kind::kNone: out_.string("none"); break;
      case ToolChoice::Kind::kRequired: out_.string("required"); break;
      case ToolChoice::Kind::kNamed:
        out_.begin_object();
        out_.member("type", "function");
        out_.key("function");
        out_.begin_object();
        out_.member("name", request_.tool_choice->name);
        out_.end_object();
        out_.end_object();
        break;
    }
    return {};
  }

  Result<> write_messages() {
    if (!request_.system.empty()) {
      out_.begin_object();
      out_.member("role", to_string(request_.system_role));
      out_.key("content");
      SLIPWAY_TRY(write_content(request_.system, "system"));
      out_.end_object();
    }
    for (std::size_t i = 0; i < request_.messages.size(); ++i)
      SLIPWAY_TRY(write_message(request_.messages[i], indexed("messages", i)));
    return {};
  }

  Result<> write_message(const Message& message, const std::string& path) {
    // Tool results are messages of their own here and go first, as the calls they answer came before.
    std::vector<Part> rest;
    for (const Part& part : message.parts) {
      if (const auto* result = part.as<ToolResultPart>()) {
        SLIPWAY_TRY(write_tool_result(*result, message, path));
      } else {
        rest.push_back(part);
      }
    }
    if (rest.empty() && !message.parts.empty()) return {};
    out_.begin_object();
    out_.member("role", to_string(message.role));
    if (message.role == Role::kAssistant) {
      SLIPWAY_TRY(write_assistant(rest, path));
    } else {
      out_.key("content");
      SLIPWAY_TRY(write_content(rest, path));
    }
    finish_message(message);
    return {};
  }

  void finish_message(const Message& message) {
    out_.nonempty_member("name", message.name);
    if (own_) out_.members_of(message.extra);
    out_.end_object();
  }

  Result<> write_tool_result(const ToolResultPart& result, const Message& message, const std::string& path) {
    out_.begin_object();
    out_.member("role", "tool");
    out_.member("tool_call_id", result.call_id);
    out_.key("content");
    std::vector<Part> texts;
    for (const Part& part : result.content) {
      if (const auto* structured = part.as<JsonPart>())
        texts.push_back(Part::of_text(to_json_text(structured->value)));
      else if (part.as<TextPart>() != nullptr || own_)
        texts.push_back(part);
      else
        return fail(ErrorCode::kInvalidArgument, "OpenAI takes only text as the result of a tool", path,
                    "describe the result in words, or send the media in a user message");
    }
    SLIPWAY_TRY(write_content(texts, path));
    if (message.role == Role::kTool) {
      finish_message(message);
    } else {
      out_.end_object();
    }
    return {};
  }

  Result<> write_assistant(const std::vector<Part>& parts, const std::string& path) {
    std::vector<Part> content;
    std::string reasoning;
    std::string refusal;
    bool calls = false;
    for (const Part& part : parts) {
      if (const auto* r = part.as<ReasoningPart>()) {
        reasoning += r->text;
      } else if (const auto* no = part.as<RefusalPart>()) {
        refusal += no->text;
      } else if (part.as<ToolCallPart>() != nullptr) {
        calls = true;
      } else if (part.as<AudioPart>() == nullptr) {
        content.push_back(part);
      }
    }
    out_.key("content");
    if (content.empty())
      out_.null();
    else
      SLIPWAY_TRY(write_content(content, path));
    // Reasoning goes back only to servers whose own client brought it: OpenAI itself has no place for it.
    if (own_ && openai::has_signed_reasoning(parts)) {
      out_.key("thinking_blocks");
      openai::write_thinking_blocks(out_, parts);
    } else if (own_ && !reasoning.empty()) {
      out_.member("reasoning_content", reasoning);
    }
    out_.nonempty_member("refusal", refusal);
    for (const Part& part : parts) {
      const auto* audio = part.as<AudioPart>();
      if (audio == nullptr) continue;
      out_.key("audio");
      out_.begin_object();
      out_.member("id", audio->id);
      out_.end_object();
    }
    if (!calls) return {};
    out_.key("tool_calls");
    out_.begin_array();
    for (const Part& part : parts)
      if (const auto* call = part.as<ToolCallPart>()) openai::write_tool_call(out_, *call, std::nullopt);
    out_.end_array();
    return {};
  }

  Result<> write_content(const std::vector<Part>& parts, const std::string& path) {
    if (parts.empty()) {
      out_.string("");
      return {};
    }
    if (parts.size() == 1 && (parts[0].extra.empty() || !own_))
      if (const auto* text = parts[0].as<TextPart>()) {
        out_.string(text->text);
        return {};
      }
    out_.begin_array();
    for (const Part& part : parts) SLIPWAY_TRY(write_part(part, path));
    out_.end_array();
    return {};
  }

  Result<> write_part(const Part& part, const std::string& path) {
    if (const auto* opaque = part.as<OpaquePart>()) {
      if (opaque->dialect != kDialect)
        return fail(ErrorCode::kInvalidArgument, "a content block of this kind can't be sent to OpenAI",
                    path);
      out_.object(opaque->value);
      return {};
    }
    out_.begin_object();
    if (const auto* text = part.as<TextPart>()) {
      out_.member("type", "text");
      out_.member("text", text->text);
    } else if (const auto* refusal = part.as<RefusalPart>()) {
      out_.member("type", "refusal");
      out_.member("refusal", refusal->text);
    } else if (const auto* structured = part.as<JsonPart>()) {
      out_.member("type", "text");
      out_.member("text", to_json_text(structured->value));
    } else if (part.as<VideoPart>() != nullptr) {
      return fail(ErrorCode::kInvalidArgument, "OpenAI takes no video", path, "send single pictures of it");
    } else if (const auto* image = part.as<ImagePart>()) {
      if (image->source.data.empty() && image->source.url.empty())
        return fail(ErrorCode::kInvalidArgument, "an image for OpenAI needs its bytes or a URL", path);
      out_.member("type", "image_url");
      out_.key("image_url");
      out_.begin_object();
      out_.member("url", image->source.data.empty() ? image->source.url : openai::data_url(image->source));
      out_.nonempty_member("detail", image->detail);
      out_.end_object();
    } else if (const auto* audio = part.as<AudioPart>()) {
      out_.member("type", "input_audio");
      out_.key("input_audio");
      out_.begin_object();
      out_.member("data", audio->source.data);
      const std::string& type = audio->source.media_type;
      out_.member("format", type == "audio/mpeg"         ? "mp3"
                            : type.starts_with("audio/") ? type.substr(6)
                                                         : "wav");
      out_.end_object();
    } else if (const auto* document = part.as<DocumentPart>()) {
      SLIPWAY_TRY(write_document(*document, path));
    } else {
      return fail(ErrorCode::kInvalidArgument, "this content can't stand here in OpenAI's dialect", path);
    }
    if (own_) out_.members_of(part.extra);
    out_.end_object();
    return {};
  }

  Result<> write_document(const DocumentPart& document, const std::string& path) {
    const MediaSource& source = document.source;
    if (!source.text.empty()) {
      out_.member("type", "text");
      out_.member("text", document.name.empty() ? source.text : document.name + "\n\n" + source.text);
      return {};
    }
    if (source.data.empty() && source.file_id.empty())
      return fail(ErrorCode::kInvalidArgument, "a document for OpenAI needs its bytes or a file id", path);
    out_.member("type", "file");
    out_.key("file");
    out_.begin_object();
    out_.nonempty_member("filename", document.name);
    if (!source.data.empty())
      out_.member("file_data", openai::data_url(source));
    else
      out_.member("file_id", source.file_id);
    out_.end_object();
    return {};
  }

  const ChatRequest& request_;
  const bool own_;
  JsonWriter out_;
  std::vector<std::string>& dropped_;
};

}  // namespace

Result<EncodedRequest> OpenAiDialect::encode_request(const ChatRequest& request,
                                                     const Credentials& credentials) const {
  EncodedRequest out;
  out.path = chat_path();
  out.headers.emplace_back("content-type", "application/json");
  add_headers(credentials, out.headers);
  SLIPWAY_TRY(RequestWriter(request, out.body, out.dropped).write());
  return out;
}

}  // namespace slipway::llm
