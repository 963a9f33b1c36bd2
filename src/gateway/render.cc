// SPDX-License-Identifier: Apache-2.0
// A call to a use case becomes a call to a model: which release and variant answers this end user, what the
// prompt's text is, and where it goes.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "gateway/call.h"

namespace slipway::gateway {

namespace {

constexpr std::size_t kEndUserLimit = 256;

// Whose calls stay together: `user`, else the header x-slipway-user, else metadata.user_id.
std::string end_user_of(const Call& call, const json::object& body) {
  if (!call.end_user.empty()) return call.end_user;
  if (const std::string_view header = call.exchange.headers().find("x-slipway-user"); !header.empty())
    return to_valid_utf8(ellipsize(trim(header), kEndUserLimit));
  const json::value* metadata = body.if_contains("metadata");
  if (metadata == nullptr || !metadata->is_object()) return {};
  const json::value* id = metadata->get_object().if_contains("user_id");
  if (id == nullptr || !id->is_string()) return {};
  return ellipsize(id->get_string(), kEndUserLimit);
}

// The first of the model's targets that this environment can reach.
std::optional<Refusal> find_target(Call& call) {
  const Environment& environment = *call.environment;
  const auto& targets = call.release->program->targets(call.variant);
  for (const llm::ModelTarget& target : targets) {
    const auto found = std::ranges::find(environment.connections, target.connection,
                                         [](const Connection* connection) { return connection->name; });
    if (found == environment.connections.end()) continue;
    call.target = {*found, target.model};
    return std::nullopt;
  }
  if (targets.empty())
    return unavailable("no_model",
                       fmt::format("The release {} names no model that could answer.", call.release->id));
  return unavailable(
      "connection_missing",
      fmt::format("The release {} is answered through the connection '{}', which the environment '{}' does "
                  "not have. Add it to the settings under connections, or release a model that uses another.",
                  call.release->id, targets.front().connection, environment.name));
}

Refusal not_rendered(const Error& error) {
  std::string_view code = "invalid_value";
  if (error.where.starts_with("variables") || error.where.starts_with("metadata")) code = "invalid_variable";
  const std::string hint = error.hint.empty() ? "" : " " + error.hint;
  std::string sentence = error.message;
  sentence.front() = sentence.front() >= 'a' && sentence.front() <= 'z'
                         ? static_cast<char>(sentence.front() - 'a' + 'A')
                         : sentence.front();
  return invalid_request(std::string(code), sentence + "." + hint, error.where);
}

}  // namespace

std::optional<Refusal> render(Call& call) {
  if (call.use_case == nullptr && !call.pinned()) return std::nullopt;
  const auto parsed =
      parse_json(call.body, {call.gateway.parts().limits.json_depth, call.gateway.parts().limits.body_bytes});
  if (!parsed) return invalid_request("invalid_json", parsed.error().describe());
  const json::object& body = parsed->as_object();
  call.end_user = end_user_of(call, body);
  std::string_view subject =
      call.end_user.empty() ? std::string_view(call.id_text.data(), call.id_text.size()) : call.end_user;
  if (call.local != nullptr && !call.local->subject.empty()) subject = call.local->subject;
  call.release = call.pinned() ? call.local->release.get() : &call.use_case->choose(subject);
  if (call.release->program == nullptr)
    return unavailable("release_not_served", fmt::format("The release {} can't be served: {}",
                                                         call.release->id, call.release->problem));
  const llm::PromptProgram& program = *call.release->program;
  if (call.pinned() && call.local->variant)
    call.variant = *call.local->variant;
  else if (program.variant_count() > 1)
    call.variant = program.choose_variant(llm::split_point(call.release->id + "/variant", subject));
  if (auto refusal = find_target(call)) return refusal;
  auto rendered = program.render(call.variant, body, call.target.upstream_model);
  if (!rendered) return not_rendered(rendered.error());
  call.rendered = std::move(*rendered);
  call.request = call.rendered;
  auto scanned = call.gateway.scanner().scan_request(call.request, llm::ScanKind::kChat);
  if (!scanned) return invalid_request("invalid_value", scanned.error().describe(), scanned.error().where);
  call.scan = *scanned;
  return std::nullopt;
}

}  // namespace slipway::gateway
