// SPDX-License-Identifier: Apache-2.0
// What the two ways of relaying an answer share.
#pragma once

#include <boost/container/small_vector.hpp>
#include <memory>
#include <optional>
#include <string>

#include "gateway/call.h"
#include "net/client.h"

namespace slipway::gateway {

// A request as the provider gets it. Owns what it doesn't share with the client's request.
struct UpstreamRequest {
  std::string_view target;
  boost::container::small_vector<net::Header, 16> headers;
  std::string_view body;
  // Storage of what had to be changed or translated.
  std::string owned_body;
  std::string owned_target;
  std::vector<llm::OwnedHeader> owned_headers;
};

// True where the provider speaks the client's dialect, so that bytes can pass.
bool passes(const Call& call);

// relay_answer.cc, relay_stream.cc
rt::Task<void> relay_answer(Call& call, UpstreamRequest& request);
rt::Task<void> relay_stream(Call& call, UpstreamRequest& request);

// Sends and keeps the call's clocks. `cancel` ends the upstream call.
rt::Task<Result<std::unique_ptr<net::ClientResponse>>> send_upstream(Call& call,
                                                                     const UpstreamRequest& request,
                                                                     rt::CancelSource& cancel);
// Answers the client after the provider refused (status 400 and above).
rt::Task<void> relay_refusal(Call& call, net::ClientResponse& response);
// What the provider's refusal means for the client, and the body to send.
struct RefusedAnswer {
  Refusal refusal;
  std::string body;
};
RefusedAnswer read_refusal(Call& call, int status, std::string_view retry_after, std::string_view body);
// Notes how a failed or left call ended; the refusal to answer with if somebody is still there.
std::optional<Refusal> note_upstream_failure(Call& call, const Error& error);

}  // namespace slipway::gateway
