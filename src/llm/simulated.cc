// SPDX-License-Identifier: Apache-2.0
#include "llm/simulated.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "llm/dialect.h"
#include "llm/fields.h"
#include "llm/json_writer.h"
#include "llm/simulated_reply.h"
#include "llm/tokens.h"

namespace slipway::llm {

// What one chat request has become on its way to an answer.
struct SimulatedProvider::Call {
  const Dialect* dialect = nullptr;
  ChatRequest request;
  std::string model;
  std::uint64_t digest = 0;
  std::int64_t arrived_ns = 0;
  SimulatedReply reply;
};

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

bool has_fault(const Simulation& s) {
  return s.status != 0 || s.stall_after >= 0 || s.cut_after >= 0 || s.malformed_after >= 0 ||
         s.error_after >= 0 || s.truncate_json || s.no_done || !s.usage.empty() || !s.content_type.empty() ||
         s.slow_headers_ms > 0;
}

// Timing and accounting stay, what goes wrong goes.
void spare(Simulation& s) {
  Simulation kept;
  kept.tokens_per_second = s.tokens_per_second;
  kept.first_token_ms = s.first_token_ms;
  kept.jitter_ms = s.jitter_ms;
  kept.cached_tokens = s.cached_tokens;
  kept.cache_write_tokens = s.cache_write_tokens;
  kept.piece_bytes = s.piece_bytes;
  s = std::move(kept);
}

std::string scalar_text(const json::value& value) {
  return value.is_string() ? std::string(view_of(value.get_string())) : to_json_text(value);
}

// `a=b; c=d` of the header, `a=b&c=d` of the model's suffix.
Result<> apply_pairs(Simulation& simulation, std::string_view text, char separator) {
  for (const std::string_view pair : split(text, separator)) {
    if (trim(pair).empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    std::string value(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (separator == '&') value = url_decode(value).value_or(value);
    SLIPWAY_TRY(set_simulation(simulation, name, value));
  }
  return {};
}

Result<> apply_object(Simulation& simulation, const json::value& demand) {
  if (demand.is_null()) return {};
  if (!demand.is_object())
    return fail(ErrorCode::kInvalidArgument, "'simulate' must be an object of settings", "simulate");
  for (const auto& item : demand.get_object()) {
    if (item.key() == "headers" && item.value().is_object()) {
      for (const auto& header : item.value().get_object())
        SLIPWAY_TRY(set_simulation(simulation, "header-" + std::string(view_of(json::string(header.key()))),
                                   scalar_text(header.value())));
      continue;
    }
    SLIPWAY_TRY(
        set_simulation(simulation, {item.key().data(), item.key().size()}, scalar_text(item.value())));
  }
  return {};
}

// What the request itself asks for: suffix, header, body field, later ones winning. Takes the suffix off
// `model`.
Result<> apply_demands(Simulation& simulation, std::string& model, std::string_view header,
                       json::object& extra) {
  if (const std::size_t mark = model.find('?'); mark != std::string::npos) {
    const std::string suffix = model.substr(mark + 1);
    model.resize(mark);
    SLIPWAY_TRY(apply_pairs(simulation, suffix, '&'));
  }
  SLIPWAY_TRY(apply_pairs(simulation, header, ';'));
  if (const json::value* demand = extra.if_contains("simulate")) {
    const json::value taken = *demand;
    extra.erase("simulate");
    SLIPWAY_TRY(apply_object(simulation, taken));
  }
  return {};
}

ProviderError to_provider_error(const Error& error) {
  ProviderError out;
  out.error_class = ErrorClass::kInvalidRequest;
  out.http_status = 400;
  out.message = error.hint.empty() ? error.message : error.message + "; " + error.hint;
  out.param = error.where;
  return out;
}

ProviderError demanded_error(const Simulation& simulation) {
  ProviderError error;
  error.http_status = simulation.status;
  error.error_class = error_class_of_status(simulation.status);
  error.message = simulation.message.empty()
                      ? "simulated failure with status " + std::to_string(simulation.status) + ", as demanded"
                      : simulation.message;
  return error;
}

std::vector<net::Header> answer_headers(const Simulation& simulation, std::string_view type,
                                        std::string& retry_after) {
  std::vector<net::Header> headers;
  headers.push_back(
      {"content-type", simulation.content_type.empty() ? type : std::string_view(simulation.content_type)});
  headers.push_back({"x-simulated", "true"});
  if (simulation.retry_after_s >= 0) {
    retry_after = std::to_string(simulation.retry_after_s);
    headers.push_back({"retry-after", retry_after});
  }
  for (const auto& [name, value] : simulation.headers) headers.push_back({name, value});
  return headers;
}

ChatEvent event_of(ChatEvent::Kind kind, std::int64_t choice) {
  ChatEvent event;
  event.kind = kind;
  event.choice = choice;
  return event;
}

// The pieces of one choice, one event a token, in the order they are sent.
std::vector<ChatEvent> pieces_of(const Choice& choice, const ChatRequest& request, const std::string& model,
                                 std::uint64_t digest) {
  using Kind = ChatEvent::Kind;
  std::vector<ChatEvent> out;
  const Encoding encoding = encoding_for_model(model);
  const auto add_text = [&](Kind kind, std::string_view text, std::int64_t tool_index) {
    for (const std::string_view piece : split_tokens(encoding, text)) {
      ChatEvent event = event_of(kind, choice.index);
      event.text = piece;
      event.tool_index = tool_index;
      if (kind == Kind::kTextDelta && request.sampling.logprobs.value_or(false))
        event.logprobs =
            simulated_logprobs({piece}, request.sampling.top_logprobs.value_or(0), digest + out.size());
      out.push_back(std::move(event));
    }
  };
  std::int64_t tool_index = 0;
  for (const Part& part : choice.parts) {
    if (const auto* text = part.as<TextPart>()) add_text(Kind::kTextDelta, text->text, 0);
    if (const auto* refusal = part.as<RefusalPart>()) add_text(Kind::kRefusalDelta, refusal->text, 0);
    if (const auto* reasoning = part.as<ReasoningPart>()) {
      add_text(Kind::kReasoningDelta, reasoning->text, 0);
      if (!reasoning->signature.empty()) {
        out.push_back(event_of(Kind::kReasoningSignature, choice.index));
        out.back().text = reasoning->signature;
      }
    }
    if (const auto* call = part.as<ToolCallPart>()) {
      out.push_back(event_of(Kind::kToolCallStart, choice.index));
      out.back().tool_index = tool_index;
      out.back().id = call->id;
      out.back().name = call->name;
      out.back().text = call->kind;
      add_text(Kind::kToolCallArguments, call->arguments, tool_index);
      ++tool_index;
    }
  }
  ChatEvent stop = event_of(Kind::kStop, choice.index);
  stop.stop = choice.stop;
  stop.raw_stop = choice.raw_stop;
  stop.stop_sequence = choice.stop_sequence;
  out.push_back(std::move(stop));
  return out;
}

// Choices of one answer come interleaved, as parallel sampling sends them.
std::vector<ChatEvent> interleaved(const ChatResponse& response, const ChatRequest& request,
                                   const std::string& model, std::uint64_t digest) {
  std::vector<std::vector<ChatEvent>> lanes;
  for (const Choice& choice : response.choices)
    lanes.push_back(pieces_of(choice, request, model, digest + static_cast<std::uint64_t>(choice.index)));
  std::vector<ChatEvent> out;
  for (std::size_t i = 0; std::ranges::any_of(lanes, [i](const auto& lane) { return i < lane.size(); }); ++i)
    for (auto& lane : lanes)
      if (i < lane.size()) out.push_back(std::move(lane[i]));
  return out;
}

bool is_token(const ChatEvent& event) {
  using Kind = ChatEvent::Kind;
  return event.kind == Kind::kTextDelta || event.kind == Kind::kRefusalDelta ||
         event.kind == Kind::kReasoningDelta || event.kind == Kind::kToolCallArguments;
}

}  // namespace

SimulatedProvider::SimulatedProvider(SimulatedOptions options, Logger log)
    : options_(std::move(options)), log_(std::move(log)) {}

net::Handler SimulatedProvider::handler() {
  return [this](net::Exchange& exchange) { return serve(exchange); };
}

rt::Task<bool> SimulatedProvider::sleep_until(net::Exchange& exchange, std::int64_t due_ns) {
  const std::int64_t wait_ns = due_ns - mono_now_ns();
  if (exchange.cancel().cancelled()) co_return false;
  if (wait_ns <= 0) co_return true;
  const rt::Executor executor = co_await rt::asio::this_coro::executor;
  rt::Timer timer(executor);
  timer.expires_after(std::chrono::nanoseconds(wait_ns));
  const std::function<void()> wake = [&timer] { timer.cancel(); };
  const rt::CancelCallback on_leave(exchange.cancel(), wake);
  co_await timer.async_wait(rt::kAwait);
  co_return !exchange.cancel().cancelled();
}

rt::Task<bool> SimulatedProvider::stall(net::Exchange& exchange) {
  // Bounded, so that a forgotten client can't hold a connection for ever.
  constexpr std::int64_t kLongestStallNs = 600'000 * kNsPerMs;
  const bool waited = co_await sleep_until(exchange, mono_now_ns() + kLongestStallNs);
  co_return waited;
}

rt::Task<void> SimulatedProvider::serve(net::Exchange& exchange) {
  requests_.fetch_add(1, std::memory_order_relaxed);
  std::string_view path = exchange.path();
  if (path.starts_with("/v1/")) path.remove_prefix(3);
  const bool post = exchange.method() == "POST";
  const bool get = exchange.method() == "GET";
  if (path == "/chat/completions" && post) {
    co_await serve_chat(exchange, "openai");
  } else if (path == "/messages" && post) {
    co_await serve_chat(exchange, "anthropic");
  } else if (path == "/embeddings" && post) {
    co_await serve_embeddings(exchange);
  } else if (path == "/models" && get) {
    co_await serve_models(exchange, {});
  } else if (path.starts_with("/models/") && get) {
    co_await serve_models(exchange, path.substr(8));
  } else {
    ProviderError error;
    const bool known = path == "/chat/completions" || path == "/messages" || path == "/embeddings" ||
                       path == "/models" || path.starts_with("/models/");
    error.error_class = ErrorClass::kInvalidRequest;
    error.http_status = known ? 405 : 404;
    error.message = "the simulated provider does not serve " + std::string(exchange.method()) + " " +
                    ellipsize(to_valid_utf8(exchange.path()), 200);
    co_await refuse(exchange, "openai", error, plain_);
  }
}

rt::Task<void> SimulatedProvider::refuse(net::Exchange& exchange, std::string_view dialect,
                                         const ProviderError& error, const Simulation& simulation) {
  if (simulation.slow_headers_ms > 0) {
    const bool here = co_await sleep_until(exchange, mono_now_ns() + simulation.slow_headers_ms * kNsPerMs);
    if (!here) {
      abandoned_.fetch_add(1, std::memory_order_relaxed);
      co_return;
    }
  }
  const int status = error.http_status > 0 ? error.http_status : http_status(error.error_class);
  std::string body = find_dialect(dialect)->encode_error(error);
  if (simulation.truncate_json) body.resize(body.size() / 2);
  std::string retry_after;
  const std::vector<net::Header> headers = answer_headers(simulation, "application/json", retry_after);
  const auto sent = co_await exchange.send(status, headers, body);
  if (!sent) abandoned_.fetch_add(1, std::memory_order_relaxed);
}

rt::Task<void> SimulatedProvider::serve_chat(net::Exchange& exchange, std::string_view dialect_name) {
  Call call;
  call.arrived_ns = mono_now_ns();
  call.dialect = find_dialect(dialect_name);
  auto request = call.dialect->decode_request(exchange.body());
  if (!request) {
    ProviderError error = to_provider_error(request.error());
    co_await refuse(exchange, dialect_name, error, plain_);
    co_return;
  }
  call.request = std::move(*request);
  call.model = call.request.model;
  call.digest = simulated_hash(exchange.body(), options_.seed);

  // Twice, because what the request asks for goes over what the script says, and the script needs the model's
  // name.
  Simulation asked = options_.defaults;
  json::object demands;
  if (const json::value* demand = call.request.extra.if_contains("simulate")) demands["simulate"] = *demand;
  std::string full_model = call.model;
  auto applied = apply_demands(asked, call.model, exchange.headers().find("x-simulate"), call.request.extra);
  if (applied) {
    call.reply = simulated_reply(call.request, call.model, call.digest, options_, asked);
    if (call.reply.rule != nullptr && !call.reply.rule->settings.empty()) {
      Simulation scripted = options_.defaults;
      for (const auto& [name, value] : call.reply.rule->settings)
        if (applied) applied = set_simulation(scripted, name, value);
      if (applied)
        applied = apply_demands(scripted, full_model, exchange.headers().find("x-simulate"), demands);
      if (applied) call.reply = simulated_reply(call.request, call.model, call.digest, options_, scripted);
    }
  }
  if (!applied) {
    ProviderError error = to_provider_error(applied.error());
    co_await refuse(exchange, dialect_name, error, plain_);
    co_return;
  }
  Simulation& simulation = call.reply.simulation;
  const std::uint64_t number = requests();
  if (simulation.every > 1 && number % static_cast<std::uint64_t>(simulation.every) != 0) spare(simulation);
  if (has_fault(simulation))
    log_.debug("simulated_fault", {{"model", call.model}, {"status", simulation.status}});
  if (simulation.status >= 300) {
    ProviderError error = demanded_error(simulation);
    co_await refuse(exchange, dialect_name, error, simulation);
  } else if (call.request.stream) {
    co_await answer_stream(exchange, call);
  } else {
    co_await answer_whole(exchange, call);
  }
}

rt::Task<void> SimulatedProvider::answer_whole(net::Exchange& exchange, Call& call) {
  const Simulation& s = call.reply.simulation;
  ChatResponse& response = call.reply.response;
  double busy_ms = static_cast<double>(s.first_token_ms + s.slow_headers_ms);
  if (s.tokens_per_second > 0)
    busy_ms += 1000.0 * static_cast<double>(response.usage.total_output()) / s.tokens_per_second;
  if (s.jitter_ms > 0)
    busy_ms += static_cast<double>(simulated_mix(call.digest) % static_cast<std::uint64_t>(s.jitter_ms + 1));
  const bool here =
      co_await sleep_until(exchange, call.arrived_ns + static_cast<std::int64_t>(busy_ms * kNsPerMs));
  if (!here) {
    abandoned_.fetch_add(1, std::memory_order_relaxed);
    co_return;
  }
  if (!s.usage.empty()) response.usage = Usage{};
  if (s.usage == "null") response.extra["usage"] = nullptr;
  std::string body = call.dialect->encode_response(response);
  std::string retry_after;
  const std::vector<net::Header> headers = answer_headers(s, "application/json", retry_after);
  const int status = s.status != 0 ? s.status : 200;
  if (s.truncate_json) body.resize(body.size() / 2);
  if (s.malformed_after >= 0) body.insert(body.size() / 2, "}{\"");
  if (s.cut_after < 0 && s.stall_after < 0) {
    const auto sent = co_await exchange.send(status, headers, body);
    if (!sent) abandoned_.fetch_add(1, std::memory_order_relaxed);
    co_return;
  }
  // A whole answer has no tokens to count by: half of it is sent.
  auto sent = co_await exchange.start(status, headers);
  const std::string_view half = std::string_view(body).substr(0, body.size() / 2);
  if (sent) sent = co_await exchange.write(half);
  if (sent && s.stall_after >= 0) co_await stall(exchange);
  // Returning without finish() cuts the connection.
}

rt::Task<void> SimulatedProvider::answer_stream(net::Exchange& exchange, Call& call) {
  const Simulation& s = call.reply.simulation;
  const ChatResponse& response = call.reply.response;
  const std::vector<ChatEvent> events = interleaved(response, call.request, call.model, call.digest);
  StreamEncoderOptions options;
  options.id = response.id;
  options.model = response.model;
  options.include_usage = call.request.include_usage;
  const std::unique_ptr<StreamEncoder> encoder = call.dialect->stream_encoder(options);

  if (s.slow_headers_ms > 0) {
    const bool here = co_await sleep_until(exchange, call.arrived_ns + s.slow_headers_ms * kNsPerMs);
    if (!here) {
      abandoned_.fetch_add(1, std::memory_order_relaxed);
      co_return;
    }
  }
  std::string retry_after;
  std::vector<net::Header> headers = answer_headers(s, "text/event-stream; charset=utf-8", retry_after);
  headers.push_back({"cache-control", "no-cache"});
  const auto started = co_await exchange.start(s.status != 0 ? s.status : 200, headers);
  if (!started) {
    abandoned_.fetch_add(1, std::memory_order_relaxed);
    co_return;
  }

  std::string out;
  ChatEvent start = event_of(ChatEvent::Kind::kStart, 0);
  start.id = response.id;
  start.model = response.model;
  encoder->encode(start, out);
  if (s.usage.empty() && call.request.dialect == "anthropic") {
    // Anthropic tells the prompt's tokens at the start.
    ChatEvent usage = event_of(ChatEvent::Kind::kUsage, 0);
    usage.usage = response.usage;
    usage.usage.output = usage.usage.reasoning = -1;
    encoder->encode(usage, out);
  }

  std::int64_t sent_tokens = 0;
  bool ok = true;
  bool broken = false;
  const auto due_of = [&](std::int64_t token) {
    double ms = static_cast<double>(s.first_token_ms + s.slow_headers_ms);
    if (s.tokens_per_second > 0) ms += 1000.0 * static_cast<double>(token) / s.tokens_per_second;
    if (s.jitter_ms > 0)
      ms += static_cast<double>(simulated_mix(call.digest + static_cast<std::uint64_t>(token)) %
                                static_cast<std::uint64_t>(s.jitter_ms + 1));
    return call.arrived_ns + static_cast<std::int64_t>(ms * kNsPerMs);
  };
  for (std::size_t i = 0; ok && i <= events.size(); ++i) {
    const bool last = i == events.size();
    if (last || is_token(events[i])) {
      if (s.malformed_after == sent_tokens && !broken) {
        broken = true;
        out += "data: {\"id\":\"chatcmpl-sim\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\n\n";
      }
      if (s.error_after == sent_tokens || s.cut_after == sent_tokens || s.stall_after == sent_tokens || last)
        break;
    }
    encoder->encode(events[i], out);
    if (is_token(events[i])) {
      // Nothing is held back: each token leaves when it is due.
      const std::int64_t due_ns = due_of(sent_tokens);
      ok = co_await sleep_until(exchange, due_ns);
      ++sent_tokens;
    }
    for (std::size_t at = 0; ok && at < out.size();) {
      const std::size_t size = s.piece_bytes > 0 ? static_cast<std::size_t>(s.piece_bytes) : out.size();
      const std::string_view piece = std::string_view(out).substr(at, size);
      const auto written = co_await exchange.write(piece);
      ok = written.has_value();
      at += piece.size();
    }
    out.clear();
  }

  const bool fault_here =
      s.error_after == sent_tokens || s.cut_after == sent_tokens || s.stall_after == sent_tokens;
  if (ok && fault_here) {
    if (s.error_after == sent_tokens) {
      ChatEvent event = event_of(ChatEvent::Kind::kError, 0);
      event.error.error_class = ErrorClass::kOverloaded;
      event.error.message = s.message.empty() ? "simulated failure in mid-stream, as demanded" : s.message;
      encoder->encode(event, out);
    }
    if (!out.empty()) {
      const auto written = co_await exchange.write(out);
      ok = written.has_value();
    }
    if (ok && s.stall_after == sent_tokens) co_await stall(exchange);
    if (ok && s.error_after == sent_tokens) co_await exchange.finish();
    co_return;  // a cut or stalled stream is not finished
  }
  if (ok && s.usage.empty()) {
    ChatEvent usage = event_of(ChatEvent::Kind::kUsage, 0);
    usage.usage = response.usage;
    encoder->encode(usage, out);
  }
  if (ok && s.usage == "null" && call.request.dialect == "openai") {
    out += "data: ";
    JsonWriter writer(out);
    writer.object({{"id", response.id},
                   {"object", "chat.completion.chunk"},
                   {"created", unix_now_us() / 1'000'000},
                   {"model", response.model},
                   {"choices", json::array{}},
                   {"usage", nullptr}});
    out += "\n\n";
  }
  if (ok && !s.no_done) encoder->encode(event_of(ChatEvent::Kind::kEnd, 0), out);
  if (ok && !out.empty()) {
    const auto written = co_await exchange.write(out);
    ok = written.has_value();
  }
  if (ok) {
    const auto finished = co_await exchange.finish();
    ok = finished.has_value();
  }
  if (!ok) abandoned_.fetch_add(1, std::memory_order_relaxed);
}

rt::Task<void> SimulatedProvider::serve_embeddings(net::Exchange& exchange) {
  const Dialect& dialect = *find_dialect("openai");
  const std::int64_t arrived_ns = mono_now_ns();
  auto request = dialect.decode_embedding_request(exchange.body());
  Simulation simulation = options_.defaults;
  Result<> good;
  if (!request) good = fail(request.error());
  if (good)
    good = apply_demands(simulation, request->model, exchange.headers().find("x-simulate"), request->extra);
  const std::size_t wanted =
      request && request->dimensions ? static_cast<std::size_t>(*request->dimensions) : 0;
  if (good && wanted > 8192)
    good = fail(ErrorCode::kInvalidArgument, "dimensions must be at most 8192", "dimensions");
  EmbeddingResponse response;
  if (good) {
    const Encoding encoding = encoding_for_model(request->model);
    for (const auto& tokens : request->tokens) {
      std::vector<std::uint32_t> ids;
      for (const std::int64_t token : tokens) ids.push_back(static_cast<std::uint32_t>(token));
      auto text = decode(encoding, ids);
      if (!text) good = fail(text.error());
      request->texts.push_back(text ? to_valid_utf8(*text) : std::string());
    }
    std::size_t dimensions = options_.embedding_dimensions;
    if (request->model.find("3-large") != std::string::npos) dimensions = 3'072;
    if (request->model.find("3-small") != std::string::npos ||
        request->model.find("ada-002") != std::string::npos)
      dimensions = 1'536;
    if (wanted > 0) dimensions = wanted;
    response.model = "simulated/" + request->model;
    response.usage.input = 0;
    for (const std::string& text : request->texts) {
      response.vectors.push_back(simulated_embedding(text, dimensions, options_.seed));
      response.usage.input += count_for_model(request->model, text).count;
    }
  }
  if (!good) {
    ProviderError error = to_provider_error(good.error());
    co_await refuse(exchange, "openai", error, plain_);
    co_return;
  }
  const std::uint64_t number = requests();
  if (simulation.every > 1 && number % static_cast<std::uint64_t>(simulation.every) != 0) spare(simulation);
  if (simulation.status >= 300) {
    ProviderError error = demanded_error(simulation);
    co_await refuse(exchange, "openai", error, simulation);
    co_return;
  }
  const std::int64_t busy_ms = simulation.first_token_ms + simulation.slow_headers_ms;
  const bool here = co_await sleep_until(exchange, arrived_ns + busy_ms * kNsPerMs);
  std::string body = dialect.encode_embedding_response(response, request->encoding);
  if (simulation.truncate_json) body.resize(body.size() / 2);
  std::string retry_after;
  const std::vector<net::Header> headers = answer_headers(simulation, "application/json", retry_after);
  Result<> sent;
  if (here && simulation.cut_after < 0 && simulation.stall_after < 0) {
    sent = co_await exchange.send(200, headers, body);
  } else if (here) {
    sent = co_await exchange.start(200, headers);
    const std::string_view half = std::string_view(body).substr(0, body.size() / 2);
    if (sent) sent = co_await exchange.write(half);
    if (sent && simulation.stall_after >= 0) co_await stall(exchange);
    co_return;
  }
  if (!here || !sent) abandoned_.fetch_add(1, std::memory_order_relaxed);
}

rt::Task<void> SimulatedProvider::serve_models(net::Exchange& exchange, std::string_view id) {
  const auto entry = [](JsonWriter& out, std::string_view name) {
    out.begin_object();
    out.member("id", name);
    out.member("object", "model");
    out.member("created", 1'767'225'600);
    out.member("owned_by", "simulated");
    out.end_object();
  };
  std::string body;
  JsonWriter out(body);
  if (id.empty()) {
    out.begin_object();
    out.member("object", "list");
    out.key("data");
    out.begin_array();
    for (const std::string& model : options_.models) entry(out, model);
    out.end_array();
    out.end_object();
  } else {
    const std::string name = url_decode(id).value_or(std::string(id));
    if (std::ranges::find(options_.models, name) == options_.models.end()) {
      ProviderError error;
      error.error_class = ErrorClass::kNotFound;
      error.http_status = 404;
      error.code = "model_not_found";
      error.param = "model";
      error.message =
          "the simulated provider does not list the model '" + ellipsize(to_valid_utf8(name), 100) + "'";
      co_await refuse(exchange, "openai", error, plain_);
      co_return;
    }
    entry(out, name);
  }
  const std::vector<net::Header> headers = {{"content-type", "application/json"}, {"x-simulated", "true"}};
  const auto sent = co_await exchange.send(200, headers, body);
  if (!sent) abandoned_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace slipway::llm
