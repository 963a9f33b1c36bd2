// SPDX-License-Identifier: Apache-2.0
#include "gateway/stream_relay.h"

#include "base/clock.h"
#include "net/sse.h"

namespace slipway::gateway {

namespace {

// Enough of an unfinished answer to count its tokens.
constexpr std::size_t kOutputTextLimit = 1u << 20;

class PassingRelay final : public StreamRelay {
 public:
  explicit PassingRelay(Call& call)
      : scanner_(call.gateway.scanner(), kOutputTextLimit), usage_wanted_(call.client_asked_usage) {}

  void on_event(const net::SseEvent& event, StreamState& state, std::string& out) override {
    const llm::ChunkInfo chunk = scanner_.feed(event.data);
    if (chunk.done) {
      state.complete = true;
      return;
    }
    if (chunk.error || chunk.malformed) {
      state.failed = true;
      state.error_message =
          chunk.error ? scanner_.error_message() : "an event of its stream was not valid JSON";
      if (state.error_message.empty()) state.error_message = "its stream reported an error without a message";
      return;
    }
    if (chunk.usage_only && !usage_wanted_) return;
    state.content = chunk.content;
    out += event.raw;
    // The second half of a last CRLF may still be on its way; clients that look for whole ones must not wait.
    if (event.raw.ends_with('\r')) out += '\n';
  }

  void on_end(StreamState& state, std::string&) override {
    // Some servers close after the finish reason without sending [DONE].
    if (!scanner_.finish_reason().empty()) state.complete = true;
  }

  void report(Call& call) override {
    call.usage = to_record(scanner_.usage());
    call.response_model = scanner_.model();
    call.finish_reason = scanner_.finish_reason();
    call.output_text = scanner_.output_text();
  }

 private:
  llm::StreamScanner scanner_;
  bool usage_wanted_;
};

class TranslatingRelay final : public StreamRelay {
 public:
  explicit TranslatingRelay(Call& call) : decoder_(call.target.connection->wire->stream_decoder()) {
    llm::StreamEncoderOptions options;
    options.id = "chatcmpl-" + std::string(call.id_text.data(), call.id_text.size());
    options.created_s = unix_now_us() / 1'000'000;
    options.include_usage = call.client_asked_usage;
    encoder_ = llm::find_dialect("openai")->stream_encoder(std::move(options));
  }

  void on_event(const net::SseEvent& event, StreamState& state, std::string& out) override {
    decoder_->feed(event.event, event.data, events_);
    drain(state, out);
  }

  void on_end(StreamState& state, std::string& out) override {
    decoder_->finish(events_);
    drain(state, out);
  }

  void report(Call& call) override {
    call.usage = to_record(usage_);
    call.response_model = model_;
    call.finish_reason = finish_reason_;
    call.output_text = text_;
  }

 private:
  void drain(StreamState& state, std::string& out) {
    using Kind = llm::ChatEvent::Kind;
    for (const llm::ChatEvent& event : events_) {
      switch (event.kind) {
        case Kind::kStart: model_ = event.model; break;
        case Kind::kUsage: llm::merge_usage(usage_, event.usage); break;
        case Kind::kStop:
          if (event.choice == 0) finish_reason_ = event.raw_stop;
          break;
        case Kind::kEnd: state.complete = true; continue;
        case Kind::kError:
          state.failed = true;
          state.error_message = event.error.message;
          continue;
        case Kind::kPing: continue;
        default:
          state.content = true;
          if (text_.size() < kOutputTextLimit) text_ += event.text;
      }
      encoder_->encode(event, out);
    }
    // The encoder writes the usage chunk at the end; its end mark is the caller's to send.
    if (state.complete) {
      std::string tail;
      llm::ChatEvent end;
      end.kind = Kind::kEnd;
      encoder_->encode(end, tail);
      constexpr std::string_view kDone = "data: [DONE]\n\n";
      if (tail.ends_with(kDone)) tail.resize(tail.size() - kDone.size());
      out += tail;
    }
    events_.clear();
  }

  std::unique_ptr<llm::StreamDecoder> decoder_;
  std::unique_ptr<llm::StreamEncoder> encoder_;
  std::vector<llm::ChatEvent> events_;
  llm::Usage usage_;
  std::string model_;
  std::string finish_reason_;
  std::string text_;
};

}  // namespace

std::unique_ptr<StreamRelay> passing_relay(Call& call) { return std::make_unique<PassingRelay>(call); }
std::unique_ptr<StreamRelay> translating_relay(Call& call) {
  return std::make_unique<TranslatingRelay>(call);
}

telemetry::Usage to_record(const llm::Usage& usage) {
  return {usage.input,       usage.cache_read,   usage.cache_write, usage.output,        usage.reasoning,
          usage.audio_input, usage.audio_output, usage.estimated,   usage.cache_write_1h};
}

}  // namespace slipway::gateway
