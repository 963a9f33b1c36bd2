// SPDX-License-Identifier: Apache-2.0
// The hot path's reading of OpenAI-shaped bodies: finds the few fields the gateway needs without building a
// document and leaves every other byte alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "llm/call.h"

namespace slipway::llm {

struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
  bool operator==(const ByteRange&) const = default;
};

// kPrompt: a chat request to a use case, which may have no messages.
enum class ScanKind : std::uint8_t { kChat, kEmbeddings, kPrompt };

// Views are valid until the scanner's next call and as long as the body lives.
struct RequestScan {
  std::string_view model;
  ByteRange model_range;  // of the value in the body, quotes included
  bool stream = false;
  bool include_usage = false;     // the client asked for stream_options.include_usage
  std::string_view user;          // `user` or `safety_identifier`, empty if absent
  std::int64_t max_tokens = -1;   // max_completion_tokens or max_tokens; -1 if absent
  std::int64_t n = -1;            // choices wanted; -1 if absent
  std::size_t message_count = 0;  // chat: messages; embeddings: inputs
  bool has_tools = false;
  // How to ask for usage: put `usage_text` in place of `usage_range` (empty range: insert).
  ByteRange usage_range;
  std::string_view usage_text;
};

// Views are valid until the scanner's next call and as long as the body lives.
struct ResponseScan {
  std::string_view id;
  std::string_view model;
  ByteRange model_range;           // quotes included; empty if there is no model
  std::string_view finish_reason;  // of the first choice
  Usage usage;
  bool has_usage = false;  // a usage object with at least one good number
  bool has_error = false;  // a non-null top-level `error`
};

struct ScanLimits {
  std::size_t depth = 64;
};

// Owns the parser and the padded copy, both reused. One per loop; not thread-safe.
class OpenAiScanner {
 public:
  explicit OpenAiScanner(ScanLimits limits = {});
  ~OpenAiScanner();
  OpenAiScanner(const OpenAiScanner&) = delete;
  OpenAiScanner& operator=(const OpenAiScanner&) = delete;

  // How many readable bytes past the end of a body, the first of them zero, spare the copy.
  static constexpr std::size_t kPadding = 64;

  // Reads a request and checks that it is one valid JSON object (UTF-8, depth, every token) whose fields have
  // the right types where it matters. `padding` is the number of readable bytes after the body: below
  // kPadding the body is copied first. kInvalidArgument: `where` is the field ("messages[2].role"), empty for
  // the body as a whole. A field given twice where that would let two readers disagree (model, stream,
  // stream_options) is refused.
  Result<RequestScan> scan_request(std::string_view body, ScanKind kind, std::size_t padding = 0);

  // Reads a response as far as it can be read; a malformed body is kDataLoss.
  Result<ResponseScan> scan_response(std::string_view body, std::size_t padding = 0);

 private:
  friend class StreamScanner;
  struct State;
  std::unique_ptr<State> state_;
};

// Writes `body` into `out` with `model` in place of the model's value and, if `ask_usage` and the request
// streams without asking for it, stream_options.include_usage set. All else byte for byte. An empty `model`
// keeps the old.
void rewrite_request(std::string_view body, const RequestScan& scan, std::string_view model, bool ask_usage,
                     std::string& out);

// What one chunk of a stream is.
struct ChunkInfo {
  bool done = false;        // [DONE]
  bool usage_only = false;  // no choices, only usage: hide it from a client that did not ask
  bool content = false;     // brings text, reasoning, a refusal or a tool call
  bool error = false;       // an error object instead of a chunk
  bool malformed = false;   // not a JSON object: pass it on or fail, but do not trust it
};

// Follows one stream of chat chunks. Fed every data payload; keeps what the record needs. Uses the scanner of
// its loop for the duration of each call; not thread-safe.
class StreamScanner {
 public:
  // Of the output at most `text_limit_bytes` are kept, for counting tokens of a stream that ends without
  // usage.
  explicit StreamScanner(OpenAiScanner& scanner, std::size_t text_limit_bytes = 1u << 20);

  ChunkInfo feed(std::string_view data, std::size_t padding = 0);
  void reset();  // for the next stream; keeps buffers

  [[nodiscard]] const Usage& usage() const { return usage_; }  // of the last chunk whose usage was not null
  [[nodiscard]] bool has_usage() const { return has_usage_; }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool failed() const { return failed_; }  // an error object came
  [[nodiscard]] bool first_content_seen() const { return first_content_seen_; }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& model() const { return model_; }
  [[nodiscard]] const std::string& finish_reason() const { return finish_reason_; }  // of choice 0
  [[nodiscard]] const std::string& error_message() const { return error_message_; }
  [[nodiscard]] const std::string& error_type() const { return error_type_; }
  // Text, reasoning, refusals and tool arguments of all choices, in order of arrival.
  [[nodiscard]] const std::string& output_text() const { return output_text_; }
  [[nodiscard]] std::uint64_t output_bytes() const { return output_bytes_; }  // also what was not kept
  [[nodiscard]] std::uint64_t chunks() const { return chunks_; }

 private:
  void keep(std::string_view text);
  OpenAiScanner& scanner_;
  std::size_t text_limit_bytes_;
  Usage usage_;
  bool has_usage_ = false;
  bool done_ = false;
  bool failed_ = false;
  bool first_content_seen_ = false;
  std::string id_;
  std::string model_;
  std::string finish_reason_;
  std::string error_message_;
  std::string error_type_;
  std::string output_text_;
  std::uint64_t output_bytes_ = 0;
  std::uint64_t chunks_ = 0;
};

// OpenAI's overlapping counts made into classes. -1 for what was not told. Counts that contradict each other
// never give a negative class: details that do not fit are unknown and stay in the class they came in.
struct OpenAiCounts {
  std::int64_t prompt = -1;
  std::int64_t completion = -1;
  std::int64_t total = -1;
  std::int64_t cached = -1;
  std::int64_t cache_write = -1;
  std::int64_t audio_input = -1;
  std::int64_t reasoning = -1;
  std::int64_t audio_output = -1;
};
Usage usage_from_openai(const OpenAiCounts& counts);
// The way back, for answers to OpenAI's clients.
OpenAiCounts openai_from_usage(const Usage& usage);

// Larger counts are taken for nonsense and become unknown.
inline constexpr std::int64_t kMaxPlausibleTokens = std::int64_t{1} << 40;

}  // namespace slipway::llm
