// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "gateway/call.h"

namespace slipway::gateway {

std::optional<Refusal> read_request(Call& call) {
  if (call.body.size() > call.gateway.parts().limits.body_bytes) {
    Refusal refusal = invalid_request(
        "request_too_large", fmt::format("The request's body has {} bytes; at most {} are taken (setting "
                                         "gateway.body_limit_bytes).",
                                         call.body.size(), call.gateway.parts().limits.body_bytes));
    refusal.http_status = 413;
    return refusal;
  }
  if (call.body.empty())
    return invalid_request("empty_body",
                           "The request has no body. Send a JSON object with 'model' and "
                           "'messages' (or 'input' for embeddings).");
  const auto kind = call.operation == Operation::kChat ? llm::ScanKind::kChat : llm::ScanKind::kEmbeddings;
  auto scanned = call.gateway.scanner().scan_request(call.body, kind);
  // A use case's prompt may need no messages of the caller's.
  if (!scanned && scanned.error().where == "messages") {
    const Environment& environment = *call.environment;
    auto again = call.gateway.scanner().scan_request(call.body, llm::ScanKind::kPrompt);
    const bool ours = again && again->model == call.key->use_case &&
                      (environment.use_cases.contains(again->model) || !environment.names(again->model));
    if (again && (ours || call.pinned())) scanned = std::move(again);
  }
  if (!scanned)
    return invalid_request(scanned.error().where.empty() ? "invalid_json" : "invalid_value",
                           scanned.error().describe(), scanned.error().where);
  call.scan = *scanned;
  call.model = scanned->model;
  call.end_user = scanned->user;
  call.client_asked_usage = scanned->include_usage;
  return std::nullopt;
}

}  // namespace slipway::gateway
