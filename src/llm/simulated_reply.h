// SPDX-License-Identifier: Apache-2.0
// What the simulated provider says: from a request and the script to an answer with its usage. No input or
// output.
#pragma once

#include "llm/simulated.h"

namespace slipway::llm {

struct SimulatedReply {
  ChatResponse response;
  Simulation simulation;
  const SimulatedRule* rule = nullptr;
};

// A fast deterministic mixer for choices that need no secrecy.
std::uint64_t simulated_hash(std::string_view text, std::uint64_t seed);
std::uint64_t simulated_mix(std::uint64_t value);

// `model` is the requested one without a suffix; `digest` identifies the request.
SimulatedReply simulated_reply(const ChatRequest& request, const std::string& model, std::uint64_t digest,
                               const SimulatedOptions& options, const Simulation& simulation);

// Tokens of the prompt as they will be billed.
std::int64_t simulated_prompt_tokens(const ChatRequest& request, const std::string& model);

// The log-probabilities of `pieces` in OpenAI's shape.
json::value simulated_logprobs(const std::vector<std::string_view>& pieces, std::int64_t top,
                               std::uint64_t digest);

}  // namespace slipway::llm
