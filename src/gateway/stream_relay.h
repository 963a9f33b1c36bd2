// SPDX-License-Identifier: Apache-2.0
// What becomes of a provider's stream on its way to the client, one event at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/call.h"
#include "net/sse.h"

namespace slipway::gateway {

// What the relay has learnt from the events so far.
struct StreamState {
  bool content = false;   // the event just read brought content
  bool complete = false;  // the provider said that it is done
  bool failed = false;    // the provider sent an error instead of an end
  std::string error_message;
};

// Reads the provider's events and writes the client's. One per stream.
class StreamRelay {
 public:
  virtual ~StreamRelay() = default;
  // Appends to `out` what the client gets for this event: nothing, or whole events. The end mark ("[DONE]")
  // is never appended here: the caller sends it last, once the record is safe.
  virtual void on_event(const net::SseEvent& event, StreamState& state, std::string& out) = 0;
  // The provider's bytes have ended: may still complete the stream.
  virtual void on_end(StreamState& state, std::string& out) = 0;
  // Leaves usage, model, finish reason and the text so far in the call.
  virtual void report(Call& call) = 0;
};

// OpenAI to OpenAI: bytes pass untouched; a usage chunk the client did not ask for is left out.
std::unique_ptr<StreamRelay> passing_relay(Call& call);
// Any dialect to OpenAI, through the vocabulary.
std::unique_ptr<StreamRelay> translating_relay(Call& call);

telemetry::Usage to_record(const llm::Usage& usage);

}  // namespace slipway::gateway
