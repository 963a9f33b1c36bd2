// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/given_responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "base/text.h"
#include "catalog/case.h"

namespace slipway::evaluation {

namespace {

constexpr std::size_t kLineBytes = 16u << 20;
constexpr double kMaxCostUsd = 1e6;

Error bad(std::string message, std::string where = {}, std::string hint = {}) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint)};
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

// {"content": [{"text": …}]}, a text, or an object with a text.
std::string text_inside(const json::value* value) {
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  if (!value->is_object()) return {};
  if (const json::value* text = value->get_object().if_contains("text"); text != nullptr && text->is_string())
    return std::string(text->get_string());
  std::string out;
  if (const json::value* content = value->get_object().if_contains("content");
      content != nullptr && content->is_array())
    for (const json::value& part : content->get_array()) out += text_inside(&part);
  return out;
}

// A number that a file gives for something measured; what is no sensible one counts as unknown.
std::int64_t scaled(const json::object& object, std::string_view name, double factor, double most) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return -1;
  const double number = value->to_number<double>();
  if (!std::isfinite(number) || number < 0 || number > most) return -1;
  return std::llround(number * factor);
}

std::string short_text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? ellipsize(value->get_string(), 200) : std::string();
}

void read_extras(const json::object& object, CallOutcome& out) {
  out.model = short_text(object, "model");
  out.finish_reason = short_text(object, "finish_reason");
  out.latency_us = std::max<std::int64_t>(scaled(object, "latency_ms", 1e3, 1e9), 0);
  out.first_token_us = scaled(object, "first_token_ms", 1e3, 1e9);
  out.cost_nano = scaled(object, "cost_usd", 1e9, kMaxCostUsd);
  out.input_tokens = scaled(object, "input_tokens", 1, 1e12);
  out.output_tokens = scaled(object, "output_tokens", 1, 1e12);
  if (const json::value* tools = object.if_contains("tool_calls"); tools != nullptr && tools->is_array())
    out.message =
        json::serialize(json::object{{"role", "assistant"}, {"content", out.text}, {"tool_calls", *tools}});
}

Result<GivenResponse> read_own(const json::object& line) {
  GivenResponse out;
  const json::value* id = line.if_contains("id");
  if (id != nullptr && (id->is_string() || id->is_int64())) out.id = text_of(*id);
  if (out.id.empty()) return fail(bad("the line names no case", "id"));
  if (const json::value* error = line.if_contains("error"); error != nullptr && !error->is_null()) {
    out.outcome.end = CallEnd::kRefused;
    out.outcome.error_code = "given_error";
    out.outcome.error_message = text_of(*error);
    return out;
  }
  out.outcome.end = CallEnd::kAnswered;
  for (const std::string_view name : {"response", "answer", "output"})
    if (const json::value* value = line.if_contains(name); value != nullptr) {
      if (!value->is_null()) out.outcome.text = text_of(*value);
      read_extras(line, out.outcome);
      return out;
    }
  return fail(bad("the line has no response", "response"));
}

Result<GivenResponse> read_bedrock(const json::object& line) {
  GivenResponse out;
  out.prompt = text_inside(line.if_contains("prompt"));
  const json::value& responses = line.at("modelResponses");
  if (out.prompt.empty()) return fail(bad("the line has no prompt", "prompt"));
  if (!responses.is_array() || responses.get_array().empty() || !responses.get_array().front().is_object())
    return fail(bad("the line has no response", "modelResponses"));
  const json::object& first = responses.get_array().front().get_object();
  out.outcome.end = CallEnd::kAnswered;
  out.outcome.text = text_inside(first.if_contains("response"));
  out.outcome.model = short_text(first, "modelIdentifier");
  return out;
}

Result<GivenResponse> read_bedrock_turns(const json::object& line) {
  const json::value& turns = line.at("conversationTurns");
  if (!turns.is_array() || turns.get_array().empty() || !turns.get_array().back().is_object())
    return fail(bad("the line has no turn", "conversationTurns"));
  const json::object& last = turns.get_array().back().get_object();
  GivenResponse out;
  out.prompt = text_inside(last.if_contains("prompt"));
  if (out.prompt.empty()) return fail(bad("the last turn has no prompt", "conversationTurns"));
  if (!last.contains("output")) return fail(bad("the last turn has no output", "conversationTurns"));
  out.outcome.end = CallEnd::kAnswered;
  out.outcome.text = text_inside(last.if_contains("output"));
  if (const json::value* output = last.if_contains("output"); output->is_object())
    out.outcome.model = short_text(output->get_object(), "modelIdentifier");
  return out;
}

CallOutcome refused(std::string code, std::string message) {
  CallOutcome out;
  out.end = CallEnd::kRefused;
  out.error_code = std::move(code);
  out.error_message = std::move(message);
  return out;
}

CallOutcome answer_in_case(const CallOrder& order) {
  const json::value* metadata = order.one->field("metadata");
  const json::object* object = metadata == nullptr ? nullptr : metadata->if_object();
  CallOutcome out;
  out.end = CallEnd::kAnswered;
  if (object != nullptr) {
    const json::value* responses = object->if_contains("modelResponses");
    if (responses != nullptr && responses->is_array() && order.repeat < responses->get_array().size()) {
      const json::object* one = responses->get_array()[order.repeat].if_object();
      out.text = one == nullptr ? std::string() : text_inside(one->if_contains("response"));
      if (one != nullptr) out.model = short_text(*one, "modelIdentifier");
      return out;
    }
    if (const json::value* response = object->if_contains("response");
        response != nullptr && order.repeat == 0) {
      out.text = text_of(*response);
      return out;
    }
  }
  return refused("no_response", "The case brings no response of its own, or none for this repeat.");
}

std::uint64_t key_of_id(std::string_view id) { return catalog::id_hash("id " + std::string(id)); }
std::uint64_t key_of_prompt(std::string_view text) {
  return catalog::id_hash("prompt " + std::string(trim(text)));
}

}  // namespace

Result<GivenResponse> read_given_response(std::string_view line) {
  auto parsed = parse_json(line);
  if (!parsed) return fail(bad("the line is no JSON: " + parsed.error().message));
  if (!parsed->is_object()) return fail(bad("the line is no object"));
  const json::object& object = parsed->get_object();
  if (object.contains("modelResponses")) return read_bedrock(object);
  if (object.contains("conversationTurns")) return read_bedrock_turns(object);
  return read_own(object);
}

Result<> GivenResponses::add(std::string_view line, std::uint64_t first_byte, std::uint64_t number) {
  if (trim(line).empty()) return {};
  const auto response = read_given_response(line);
  if (!response) {
    Error error = response.error();
    error.where = fmt::format("line {}{}{}", number, error.where.empty() ? "" : ", ", error.where);
    error.hint = R"(Each line is like {"id": "the case", "response": "the answer"}, or one of Bedrock's.)";
    return fail(std::move(error));
  }
  const std::uint64_t key = response->id.empty() ? key_of_prompt(response->prompt) : key_of_id(response->id);
  entries_.push_back({key, first_byte, line.size()});
  return {};
}

Result<std::unique_ptr<GivenResponses>> GivenResponses::open(const catalog::ByteSource& source,
                                                             PieceSource pieces) {
  std::unique_ptr<GivenResponses> out(new GivenResponses(std::move(pieces)));
  std::string carry;
  std::uint64_t begin = 0;
  std::uint64_t number = 0;
  for (;;) {
    SLIPWAY_ASSIGN(const std::string_view piece, source());
    if (piece.empty()) break;
    carry += piece;
    std::size_t at = 0;
    for (std::size_t end = carry.find('\n'); end != std::string::npos; end = carry.find('\n', at)) {
      SLIPWAY_TRY(out->add(std::string_view(carry).substr(at, end - at), begin + at, ++number));
      at = end + 1;
    }
    begin += at;
    carry.erase(0, at);
    if (carry.size() > kLineBytes)
      return fail(
          bad(fmt::format("a line has more than {} bytes", kLineBytes), fmt::format("line {}", number + 1)));
  }
  SLIPWAY_TRY(out->add(carry, begin, number + 1));
  if (out->entries_.empty()) return fail(bad("the file has no responses"));
  std::ranges::sort(out->entries_, {}, [](const Entry& one) { return std::tuple(one.key, one.first_byte); });
  return out;
}

const GivenResponses::Entry* GivenResponses::find(std::uint64_t key, std::uint32_t repeat) const {
  const auto range = std::ranges::equal_range(entries_, key, {}, &Entry::key);
  return repeat < range.size() ? &range[repeat] : nullptr;
}

Result<std::string> GivenResponses::line_of(const Entry& entry) {
  std::string line;
  while (line.size() < entry.bytes) {
    const std::uint64_t at = entry.first_byte + line.size();
    if (at < piece_.first_byte || at >= piece_.first_byte + piece_.text.size()) {
      SLIPWAY_ASSIGN(piece_, pieces_(at));
    }
    if (at < piece_.first_byte || at >= piece_.first_byte + piece_.text.size())
      return fail(ErrorCode::kDataLoss, "the uploaded responses are gone", "target.responses",
                  "Upload them again and start a new run.");
    line += std::string_view(piece_.text).substr(at - piece_.first_byte, entry.bytes - line.size());
  }
  return line;
}

CallOutcome GivenResponses::answer(const CallOrder& order) {
  const Entry* entry = find(key_of_id(order.one->id), order.repeat);
  if (entry == nullptr)
    if (const json::value* input = order.one->field("input"))
      entry = find(key_of_prompt(catalog::text_of_input(*input)), order.repeat);
  if (entry == nullptr) return refused("no_response", "The file has no response to this case.");
  const auto line = line_of(*entry);
  if (!line) return refused("response_lost", line.error().describe());
  auto response = read_given_response(*line);
  if (!response) return refused("response_lost", response.error().describe());
  return std::move(response->outcome);
}

void CaseResponses::start(std::vector<CallOrder> orders, const Done& done) {
  for (const CallOrder& order : orders) done(order, answer_in_case(order));
}

void GivenResponses::start(std::vector<CallOrder> orders, const Done& done) {
  for (const CallOrder& order : orders) done(order, answer(order));
}

}  // namespace slipway::evaluation
