// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer.h"

#include <fmt/format.h>

namespace slipway::gateway {

AnswerHeaders::AnswerHeaders(const Call& call, std::string_view content_type, std::uint32_t retry_after_s) {
  add("content-type", content_type);
  add("x-request-id", call.request_id);
  add("x-slipway-invocation-id", {call.id_text.data(), call.id_text.size()});
  if (call.release != nullptr) {
    add("x-slipway-release", call.release->id);
    const llm::PromptProgram* program = call.release->program.get();
    if (program != nullptr && !program->variant_name(call.variant).empty())
      add("x-slipway-variant", program->variant_name(call.variant));
  }
  if (retry_after_s != 0) {
    const auto end = fmt::format_to(retry_after_.begin(), "{}", retry_after_s);
    add("retry-after", {retry_after_.data(), static_cast<std::size_t>(end - retry_after_.begin())});
  }
}

void AnswerHeaders::add(std::string_view name, std::string_view value) {
  headers_.at(count_++) = {name, value};
}

rt::Task<void> answer_json(Call& call, int status, std::string_view body, std::uint32_t retry_after_s) {
  call.response_body = body;
  if (call.strict()) {
    call.http_status = status;
    const Result<> kept = co_await call.record_durably();
    if (!kept) {
      // Nothing may be answered that could not be written down; this refusal itself can't be either, so it
      // goes to the ordinary path, which counts what is lost.
      call.note(
          unavailable("record_not_durable",
                      "This environment promises a durable record of every call, and the record could not be "
                      "written: " +
                          kept.error().describe() + ". Try again; an operator should look at the disk."));
      call.response_body = {};
      call.http_status = 503;
      const std::string refused = openai_error_body(unavailable(call.error_code, call.error_message));
      const AnswerHeaders headers(call, "application/json", 1);
      const Result<> ignored = co_await call.exchange.send(503, headers.all(), refused);
      static_cast<void>(ignored);  // the client has left: there is nobody to tell
      call.record();
      co_return;
    }
  }
  const AnswerHeaders headers(call, "application/json", retry_after_s);
  const Result<> sent = co_await call.exchange.send(status, headers.all(), body);
  if (sent) {
    call.http_status = status;
  } else {
    call.http_status = 0;
    if (call.status == telemetry::Status::kOk) call.status = telemetry::Status::kInterrupted;
  }
  call.record();
  call.response_body = {};
}

rt::Task<void> answer_refusal(Call& call, Refusal refusal) {
  call.note(refusal);
  const std::string body = openai_error_body(refusal);
  co_await answer_json(call, refusal.http_status, body, refusal.retry_after_s);
}

}  // namespace slipway::gateway
