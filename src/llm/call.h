// SPDX-License-Identifier: Apache-2.0
// The vocabulary of model calls: wide enough for OpenAI, Anthropic, Bedrock Converse and Gemini, and nobody's
// dialect. Plain values without invariants of their own; safe to copy and move between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"

namespace slipway::llm {

// Token classes. They do not overlap: `input` excludes what the caches served or stored, `output` excludes
// reasoning; audio is in neither. -1 means unknown. The same semantics as telemetry::Usage.
struct Usage {
  std::int64_t input = -1;
  std::int64_t cache_read = -1;
  std::int64_t cache_write = -1;
  std::int64_t output = -1;
  std::int64_t reasoning = -1;
  std::int64_t audio_input = -1;
  std::int64_t audio_output = -1;
  bool estimated = false;  // counted by us because the provider did not say
  // The part of `cache_write` that is kept for an hour, which costs more; -1 where the provider doesn't tell.
  std::int64_t cache_write_1h = -1;

  bool operator==(const Usage&) const = default;
  [[nodiscard]] bool known() const { return input >= 0 || output >= 0 || cache_read >= 0 || reasoning >= 0; }
  // Everything that went in, or came out, with unknown classes as zero; -1 if all are unknown.
  [[nodiscard]] std::int64_t total_input() const;
  [[nodiscard]] std::int64_t total_output() const;
};

// Marks that everything up to and including the marked element should be cached by the provider.
struct CachePoint {
  std::string ttl;  // "5m", "1h"; empty: the provider's default
  bool operator==(const CachePoint&) const = default;
};

// Where bytes come from. Exactly one of data, url, file_id and text is meant to be filled.
struct MediaSource {
  std::string media_type;  // "image/png", "application/pdf", "audio/wav"; may be empty for url and file_id
  std::string data;        // base64, kept as it came
  std::string url;         // also a provider's own scheme: "s3://…", "gs://…"
  std::string file_id;     // a file stored at the provider
  std::string text;        // plain text documents
  bool operator==(const MediaSource&) const = default;
};

// What a piece of generated text rests on. Fields that do not apply are empty or -1.
struct Citation {
  std::string kind;  // "url", "char", "page", "block", "search_result" or the provider's own word
  std::string url;
  std::string title;
  std::string cited_text;
  std::int64_t document = -1;  // index of the document in the request
  std::int64_t start = -1;     // in units of `kind`; for "url" in characters of the answer
  std::int64_t end = -1;
  json::object raw;  // as the provider sent it
};

struct TextPart {
  std::string text;
  std::vector<Citation> citations;
};
struct RefusalPart {
  std::string text;
};
struct ImagePart {
  MediaSource source;
  std::string detail;  // "auto", "low", "high" or empty
};
struct DocumentPart {
  MediaSource source;
  std::string name;
  std::string context;
  bool citations = false;  // the model may cite from it
};
struct AudioPart {
  MediaSource source;
  std::string id;  // of an earlier answer's audio
  std::string transcript;
};
struct VideoPart {
  MediaSource source;
};
// Structured content, as tools return it to Bedrock Converse and Gemini. Where a dialect has only text, its
// JSON text.
struct JsonPart {
  json::value value;
};
struct ToolCallPart {
  std::string id;
  std::string name;
  // The arguments' JSON text, byte for byte as it came: never parsed and written again on its way. For a tool
  // of kind "custom" this is free text.
  std::string arguments;
  std::string kind = "function";  // or "custom"
};
struct Part;
struct ToolResultPart {
  std::string call_id;
  std::vector<Part> content;
  bool is_error = false;
};
// A reasoning block must go back to its provider unchanged in the next turn, signature included.
struct ReasoningPart {
  std::string text;
  std::string signature;
  std::string redacted;  // encrypted reasoning, opaque to us; then text is empty
};
// A content block of a kind this vocabulary does not know: passes within its own dialect, nowhere else.
struct OpaquePart {
  std::string dialect;
  json::object value;
};

struct Part {
  std::variant<TextPart, RefusalPart, ImagePart, DocumentPart, AudioPart, VideoPart, JsonPart, ToolCallPart,
               ToolResultPart, ReasoningPart, OpaquePart>
      body;
  std::optional<CachePoint> cache;
  // The provider's seal on a part that is no reasoning block (Gemini signs tool calls and text): goes back to
  // it unchanged with the part, and to nobody else.
  std::string signature;
  json::object extra;  // unknown fields of this part: they pass within their own dialect

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&body);
  }
  template <class T>
  [[nodiscard]] T* as() {
    return std::get_if<T>(&body);
  }
  static Part of_text(std::string text) {
    Part part;
    part.body = TextPart{std::move(text), {}};
    return part;
  }
};

enum class Role : std::uint8_t { kSystem, kDeveloper, kUser, kAssistant, kTool };
std::string_view to_string(Role role);  // "system", "developer", "user", "assistant", "tool"

struct Message {
  Role role = Role::kUser;
  std::vector<Part> parts;
  std::string name;
  json::object extra;  // unknown fields of this message
};

struct Tool {
  std::string name;
  std::string description;
  json::value schema;  // JSON Schema of the arguments; null if none was given
  std::optional<bool> strict;
  std::optional<CachePoint> cache;
  std::string kind = "function";  // anything else passes within its own dialect only, described by `raw`
  json::object raw;
};

struct ToolChoice {
  enum class Kind : std::uint8_t { kAuto, kNone, kRequired, kNamed };
  Kind kind = Kind::kAuto;
  std::string name;  // for kNamed
};

struct ResponseFormat {
  enum class Kind : std::uint8_t { kText, kJson, kJsonSchema };
  Kind kind = Kind::kText;
  std::string name;
  std::string description;
  json::value schema;
  std::optional<bool> strict;
};

struct Sampling {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::int64_t> top_k;
  std::optional<std::int64_t> max_tokens;  // of the answer, reasoning included
  // The client used the older spelling of it (OpenAI's max_tokens), which is all that some servers
  // understand.
  bool max_tokens_by_old_name = false;
  std::vector<std::string> stop;
  std::optional<std::int64_t> seed;
  std::optional<double> frequency_penalty;
  std::optional<double> presence_penalty;
  std::optional<bool> logprobs;
  std::optional<std::int64_t> top_logprobs;
  std::optional<std::int64_t> n;
};

struct Reasoning {
  std::string effort;                         // "none", "minimal", "low", … or empty
  std::optional<std::int64_t> budget_tokens;  // tokens for reasoning; 0 switches it off
  json::object raw;                           // the provider's own form, if it says more
};

struct ChatRequest {
  std::string model;
  std::string dialect;  // what it was decoded from; empty if made by us
  // Instructions that come before the conversation. Instructions given later stay in `messages` with their
  // role.
  std::vector<Part> system;
  Role system_role = Role::kSystem;  // or kDeveloper
  std::vector<Message> messages;
  std::vector<Tool> tools;
  std::optional<ToolChoice> tool_choice;
  std::optional<bool> parallel_tool_calls;
  std::optional<ResponseFormat> response_format;
  Sampling sampling;
  Reasoning reasoning;
  bool stream = false;
  bool include_usage = false;  // the client asked for usage at the end of its stream
  std::string user;
  json::object metadata;
  // Fields this vocabulary does not know, untouched. They are sent on to any dialect that is not known to
  // refuse them, so that new features of a provider work through us on the day they appear.
  json::object extra;
};

enum class StopReason : std::uint8_t {
  kUnknown,
  kEnd,            // the model was done
  kStopSequence,   // one of the request's stop sequences
  kMaxTokens,      // the token limit, or the context window was full
  kToolCalls,      // waits for tool results
  kContentFilter,  // withheld by the provider
  kRefusal,        // the model declined
  kPause,          // the provider paused a long turn: send it back to go on
  kMalformed,      // the model wrote a tool call or an answer that its provider could not read
};
std::string_view to_string(StopReason reason);  // "end", "stop_sequence", "max_tokens", …

struct Choice {
  std::int64_t index = 0;
  std::vector<Part> parts;
  StopReason stop = StopReason::kUnknown;
  std::string raw_stop;       // the provider's word
  std::string stop_sequence;  // the one that was met, where told
  json::value logprobs;       // OpenAI's shape: {"content": [...], "refusal": [...]}
  // Unknown fields of this choice (safety ratings, grounding): they pass within their own dialect.
  json::object extra;
};

struct ChatResponse {
  std::string id;
  std::string model;
  std::int64_t created_s = 0;  // unix seconds; 0 if the provider does not say
  std::vector<Choice> choices;
  Usage usage;
  std::string dialect;  // what it was decoded from; empty if made by us
  json::object extra;
};

enum class ErrorClass : std::uint8_t {
  kInvalidRequest,
  kAuthentication,
  kPermission,
  kNotFound,
  kRateLimited,  // the provider's limit or quota
  kOverloaded,
  kServerError,
  kTimeout,
  kContentFilter,
};
std::string_view to_string(ErrorClass error_class);  // "invalid_request", "rate_limited", …
// True where the same call may succeed a little later or elsewhere.
bool is_retryable(ErrorClass error_class);

struct ProviderError {
  ErrorClass error_class = ErrorClass::kServerError;
  int http_status = 0;               // 0: the error came inside a stream
  std::int64_t retry_after_ms = -1;  // -1: not told
  std::string message;               // the provider's sentence
  std::string type;                  // the provider's word for the kind, e.g. "rate_limit_error"
  std::string code;                  // e.g. "context_length_exceeded"
  std::string param;
};

// One step of a streamed answer. A dialect's decoder emits them in this order: kStart; then deltas; a kStop
// for each choice; kUsage any number of times (the last known values win, field by field); kEnd, or kError
// and nothing after.
struct ChatEvent {
  enum class Kind : std::uint8_t {
    kStart,               // id, model
    kTextDelta,           // text, logprobs
    kRefusalDelta,        // text
    kReasoningDelta,      // text
    kReasoningSignature,  // text
    kReasoningRedacted,   // text
    kToolCallStart,       // tool_index, id, name, text (tool kind), signature
    kToolCallArguments,   // tool_index, text: a piece of the JSON text, cut anywhere
    kCitation,            // citation
    kPart,                // part: one that comes whole, an image or a block we don't know
    kStop,                // stop, raw_stop, stop_sequence
    kUsage,               // usage
    kError,               // error
    kEnd,                 // the stream is complete
    kPing,                // a keep-alive
  };
  Kind kind = Kind::kPing;
  std::int64_t choice = 0;
  std::int64_t tool_index = 0;  // counts the tool calls of a choice from 0
  std::string id;
  std::string name;
  std::string model;
  std::string text;
  StopReason stop = StopReason::kUnknown;
  std::string raw_stop;
  std::string stop_sequence;
  Usage usage;
  json::value logprobs;
  Citation citation;
  std::string signature;             // Part::signature
  std::shared_ptr<const Part> part;  // shared, so that the many other events stay small
  ProviderError error;
};

struct EmbeddingRequest {
  std::string model;
  std::vector<std::string> texts;                 // either texts
  std::vector<std::vector<std::int64_t>> tokens;  // or token ids
  std::optional<std::int64_t> dimensions;
  std::string encoding;  // "float", "base64" or empty
  std::string user;
  json::object extra;
};

struct EmbeddingResponse {
  std::string model;
  std::vector<std::vector<float>> vectors;  // in the order of the inputs
  Usage usage;
  json::object extra;
};

// Merges what a later event of the same stream tells: known fields replace, unknown ones keep what was known.
void merge_usage(Usage& into, const Usage& update);

// Joins the text parts (reasoning, tools and media left out).
std::string joined_text(const std::vector<Part>& parts);

// Puts a stream's events together into the answer they describe. The inverse of nothing: a test and capture
// helper, and what a cache or a guardrail uses to see a streamed answer whole.
class ResponseBuilder {
 public:
  void add(const ChatEvent& event);
  [[nodiscard]] const ChatResponse& response() const { return response_; }
  [[nodiscard]] const std::optional<ProviderError>& error() const { return error_; }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  Choice& choice_at(std::int64_t index);
  ChatResponse response_;
  std::optional<ProviderError> error_;
  bool ended_ = false;
};

}  // namespace slipway::llm
