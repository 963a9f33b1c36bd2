// SPDX-License-Identifier: Apache-2.0
#include "llm/simulated_reply.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "base/crypto.h"
#include "base/text.h"
#include "llm/fields.h"
#include "llm/json_writer.h"
#include "llm/tokens.h"

namespace slipway::llm {

std::uint64_t simulated_mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ull;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

std::uint64_t simulated_hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325ull ^ simulated_mix(seed);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return simulated_mix(hash);
}

namespace {

std::int64_t tokens_of(const std::string& model, std::string_view text) {
  return text.empty() ? 0 : count_for_model(model, text).count;
}

void count_parts(ChatCounter& counter, const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    if (const auto* text = part.as<TextPart>()) counter.text(text->text);
    if (const auto* refusal = part.as<RefusalPart>()) counter.text(refusal->text);
    if (const auto* document = part.as<DocumentPart>()) counter.text(document->source.text);
    if (part.as<ImagePart>() != nullptr) counter.image();
    if (const auto* call = part.as<ToolCallPart>()) counter.tool_call(call->name, call->arguments);
    if (const auto* result = part.as<ToolResultPart>()) count_parts(counter, result->content);
  }
}

// What a rule is matched against and a template can name.
struct Seen {
  std::string user;     // text of the last user message
  std::string system;   // text of the instructions
  std::string results;  // text of the tool results in the last message
  bool tool_result = false;
  std::size_t images = 0;
};

Seen look_at(const ChatRequest& request) {
  Seen seen;
  seen.system = joined_text(request.system);
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    const std::string text = joined_text(message->parts);
    if (message->role == Role::kUser && !text.empty()) {
      seen.user = text;
      break;
    }
  }
  for (const Message& message : request.messages)
    for (const Part& part : message.parts) seen.images += part.as<ImagePart>() != nullptr ? 1 : 0;
  // Results of parallel calls are one message each in some dialects: take them all.
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    bool any = false;
    for (const Part& part : message->parts)
      if (const auto* result = part.as<ToolResultPart>()) {
        any = true;
        const std::string text = joined_text(result->content);
        seen.results = seen.results.empty() ? text : text + "; " + seen.results;
      }
    if (!any) break;
    seen.tool_result = true;
  }
  return seen;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool matches(const SimulatedRule& rule, const Seen& seen, const std::string& model,
             std::vector<std::string>& groups) {
  groups.clear();
  if (!rule.model.empty() && !glob_matches(rule.model, model)) return false;
  if (rule.tool_result && *rule.tool_result != seen.tool_result) return false;
  if (!rule.contains.empty() && to_lower(seen.user).find(rule.contains) == std::string::npos) return false;
  if (rule.regex) {
    const int count = rule.regex->NumberOfCapturingGroups() + 1;
    std::vector<re2::StringPiece> pieces(static_cast<std::size_t>(count));
    if (!rule.regex->Match(seen.user, 0, seen.user.size(), RE2::UNANCHORED, pieces.data(), count))
      return false;
    for (const auto& piece : pieces)
      groups.emplace_back(piece.data() == nullptr ? "" : piece.data(), piece.size());
  }
  return true;
}

std::string expand(std::string_view text, const Seen& seen, const ChatRequest& request,
                   const std::string& model, const std::vector<std::string>& groups) {
  std::string out;
  while (true) {
    const std::size_t open = text.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, open));
    const std::string_view name = trim(text.substr(open + 2, close - open - 2));
    if (name == "user") {
      out += seen.user;
    } else if (name == "system") {
      out += seen.system;
    } else if (name == "model") {
      out += model;
    } else if (name == "result") {
      out += seen.results;
    } else if (name == "messages") {
      out += std::to_string(request.messages.size());
    } else if (const auto group = parse_integer<std::size_t>(name)) {
      if (*group < groups.size()) out += groups[*group];
    } else {
      out.append(text.substr(open, close + 2 - open));  // not ours: stays as it is
    }
    text.remove_prefix(close + 2);
  }
}

// Whether the text asks for the tool: its name, or all words of its name.
bool mentions(const std::string& text, std::string_view tool) {
  const std::string name = to_lower(tool);
  if (text.find(name) != std::string::npos) return true;
  std::string word;
  std::size_t found = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    const char c = i < name.size() ? name[i] : '_';
    if (c != '_' && c != '-' && c != '.') {
      word += c;
      continue;
    }
    if (word.empty()) continue;
    if (text.find(word) == std::string::npos) return false;
    ++found;
    word.clear();
  }
  return found > 1;
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

class ReplyMaker {
 public:
  ReplyMaker(const ChatRequest& request, const std::string& model, std::uint64_t digest)
      : request_(request), model_(model), digest_(digest), seen_(look_at(request)) {}

  SimulatedReply make(const SimulatedOptions& options, const Simulation& simulation) {
    SimulatedReply reply;
    reply.simulation = simulation;
    std::vector<std::string> groups;
    for (const SimulatedRule& rule : options.rules) {
      if (!matches(rule, seen_, model_, groups)) continue;
      reply.rule = &rule;
      break;
    }
    reply.response.id = (anthropic() ? "msg_sim" : "chatcmpl-sim") + token(1);
    reply.response.model = "simulated/" + model_;
    const std::int64_t prompt = simulated_prompt_tokens(request_, model_);
    std::int64_t output = 0;
    std::int64_t reasoning = 0;
    const std::int64_t n = std::clamp<std::int64_t>(request_.sampling.n.value_or(1), 1, 128);
    for (std::int64_t i = 0; i < n; ++i) {
      Choice choice;
      choice.index = i;
      if (reply.rule != nullptr)
        scripted(*reply.rule, groups, choice);
      else
        unscripted(prompt, choice);
      limit(choice);
      add_logprobs(choice);
      const auto [out, thought] = tokens(choice);
      output += out;
      reasoning += thought + hidden_reasoning_;
      reply.response.choices.push_back(std::move(choice));
    }
    Usage& usage = reply.response.usage;
    usage.cache_read = std::clamp<std::int64_t>(simulation.cached_tokens, 0, prompt);
    usage.cache_write =
        anthropic() || simulation.cache_write_tokens >= 0
            ? std::clamp<std::int64_t>(simulation.cache_write_tokens, 0, prompt - usage.cache_read)
            : -1;
    usage.input = prompt - usage.cache_read - std::max<std::int64_t>(usage.cache_write, 0);
    usage.output = output;
    usage.reasoning = reasoning;
    return reply;
  }

 private:
  [[nodiscard]] bool anthropic() const { return request_.dialect == "anthropic"; }

  // Ids are part of the answer and so depend on nothing but the request and the seed.
  [[nodiscard]] std::string token(std::uint64_t salt) const {
    const std::uint64_t value = simulated_mix(digest_ + salt);
    return hex(&value, sizeof(value));
  }

  void scripted(const SimulatedRule& rule, const std::vector<std::string>& groups, Choice& choice) {
    const auto fill = [&](std::string_view text) { return expand(text, seen_, request_, model_, groups); };
    if (!rule.reasoning.empty()) add_reasoning(fill(rule.reasoning), choice);
    if (!rule.reply.empty()) choice.parts.push_back(Part::of_text(fill(rule.reply)));
    for (const SimulatedToolCall& call : rule.tool_calls) add_call(call.name, fill(call.arguments), choice);
    if (choice.parts.empty()) choice.parts.push_back(Part::of_text(""));
    if (rule.stop == "length")
      choice.stop = StopReason::kMaxTokens;
    else if (rule.stop == "content_filter")
      choice.stop = StopReason::kContentFilter;
    else if (rule.stop == "refusal")
      choice.stop = StopReason::kRefusal;
    else
      choice.stop =
          rule.tool_calls.empty() || rule.stop == "stop" ? StopReason::kEnd : StopReason::kToolCalls;
    if (choice.stop == StopReason::kRefusal && !anthropic()) {
      // OpenAI tells a refusal in a field of its own and stops as usual.
      const std::string text = joined_text(choice.parts);
      choice.parts.clear();
      choice.parts.emplace_back().body = RefusalPart{text};
      choice.stop = StopReason::kEnd;
    }
  }

  void unscripted(std::int64_t prompt, Choice& choice) {
    const bool wants_reasoning =
        (!request_.reasoning.effort.empty() && request_.reasoning.effort != "none") ||
        request_.reasoning.budget_tokens.value_or(0) > 0;
    if (wants_reasoning) {
      std::string thought = "The last message has " + counted(seen_.user.size(), "byte") +
                            ". Nothing is thought about here: this reasoning is simulated.";
      // OpenAI bills reasoning without showing it.
      if (anthropic())
        add_reasoning(std::move(thought), choice);
      else
        hidden_reasoning_ = tokens_of(model_, thought);
    }
    choice.stop = StopReason::kEnd;
    if (add_calls(choice)) {
      choice.stop = StopReason::kToolCalls;
      return;
    }
    choice.parts.push_back(Part::of_text(unscripted_text(prompt, choice.index)));
  }

  bool add_calls(Choice& choice) {
    const ToolChoice::Kind kind = request_.tool_choice ? request_.tool_choice->kind : ToolChoice::Kind::kAuto;
    if (kind == ToolChoice::Kind::kNone) return false;
    if (kind == ToolChoice::Kind::kAuto && seen_.tool_result) return false;
    const std::string text = to_lower(seen_.user);
    const bool parallel = request_.parallel_tool_calls.value_or(true);
    std::vector<const Tool*> wanted;
    for (const Tool& tool : request_.tools) {
      if (tool.kind != "function") continue;
      const bool asked = kind == ToolChoice::Kind::kNamed ? tool.name == request_.tool_choice->name
                                                          : mentions(text, tool.name);
      if (asked && (parallel || wanted.empty())) wanted.push_back(&tool);
    }
    if (wanted.empty() && kind == ToolChoice::Kind::kRequired)
      for (const Tool& tool : request_.tools)
        if (tool.kind == "function" && wanted.empty()) wanted.push_back(&tool);
    for (const Tool* tool : wanted) {
      const json::value arguments =
          simulated_instance(tool->schema, digest_ + static_cast<std::uint64_t>(choice.index));
      add_call(tool->name, arguments.is_object() ? to_json_text(arguments) : "{}", choice);
    }
    return !wanted.empty();
  }

  std::string unscripted_text(std::int64_t prompt, std::int64_t index) {
    if (request_.response_format && request_.response_format->kind == ResponseFormat::Kind::kJsonSchema)
      return to_json_text(
          simulated_instance(request_.response_format->schema, digest_ + static_cast<std::uint64_t>(index)));
    const std::string echo = ellipsize(seen_.user, 200);
    if (request_.response_format && request_.response_format->kind == ResponseFormat::Kind::kJson)
      return to_json_text(json::object{{"simulated", true}, {"model", model_}, {"echo", echo}});
    std::string text =
        "This is a simulated answer: no model was called. Slipway's built-in provider received " +
        counted(request_.messages.size(), "message") + " (" +
        counted(static_cast<std::size_t>(prompt), "token") + ") for " + model_ + ".";
    if (seen_.images > 0) text += " It was shown " + counted(seen_.images, "image") + ".";
    if (seen_.tool_result)
      text += " The tools answered: \u201c" + ellipsize(seen_.results, 200) + "\u201d.";
    else if (!echo.empty())
      text += " The last message was: \u201c" + echo + "\u201d.";
    text += " Connect a real provider to get real answers.";
    if (index > 0) text += " (Choice " + std::to_string(index + 1) + ".)";
    return text;
  }

  void add_reasoning(std::string text, Choice& choice) {
    ReasoningPart reasoning{std::move(text), {}, {}};
    if (anthropic()) reasoning.signature = base64("simulated:" + token(2));
    choice.parts.emplace_back().body = std::move(reasoning);
  }

  void add_call(const std::string& name, std::string arguments, Choice& choice) {
    const std::uint64_t salt = 100 + choice.parts.size() + static_cast<std::uint64_t>(choice.index) * 1'000;
    choice.parts.emplace_back().body = ToolCallPart{(anthropic() ? "toolu_sim" : "call_sim") + token(salt),
                                                    name, std::move(arguments), "function"};
  }

  // Stop sequences and the token limit, which cut the text as a model's would be.
  void limit(Choice& choice) {
    std::int64_t left = request_.sampling.max_tokens.value_or(0) > 0 ? *request_.sampling.max_tokens : -1;
    if (left >= 0) left = std::max<std::int64_t>(left - hidden_reasoning_, 0);
    for (std::size_t i = 0; i < choice.parts.size(); ++i) {
      std::string* text = nullptr;
      if (auto* plain = choice.parts[i].as<TextPart>()) {
        text = &plain->text;
        for (const std::string& stop : request_.sampling.stop) {
          const std::size_t at = stop.empty() ? std::string::npos : text->find(stop);
          if (at == std::string::npos) continue;
          text->resize(at);
          choice.parts.resize(i + 1);
          choice.stop = StopReason::kStopSequence;
          choice.stop_sequence = stop;
        }
      } else if (auto* reasoning = choice.parts[i].as<ReasoningPart>()) {
        text = &reasoning->text;
      } else if (auto* call = choice.parts[i].as<ToolCallPart>()) {
        text = &call->arguments;
      }
      if (text == nullptr || left < 0) continue;
      const std::vector<std::string_view> pieces = split_tokens(encoding_for_model(model_), *text);
      if (static_cast<std::int64_t>(pieces.size()) <= left) {
        left -= static_cast<std::int64_t>(pieces.size());
        continue;
      }
      std::size_t keep = 0;
      for (std::int64_t p = 0; p < left; ++p) keep += pieces[static_cast<std::size_t>(p)].size();
      text->resize(keep);
      choice.parts.resize(i + 1);
      choice.stop = StopReason::kMaxTokens;
      choice.stop_sequence.clear();
      return;
    }
  }

  void add_logprobs(Choice& choice) {
    if (!request_.sampling.logprobs.value_or(false)) return;
    const std::string text = joined_text(choice.parts);
    choice.logprobs = simulated_logprobs(split_tokens(encoding_for_model(model_), text),
                                         request_.sampling.top_logprobs.value_or(0), digest_);
  }

  [[nodiscard]] std::pair<std::int64_t, std::int64_t> tokens(const Choice& choice) const {
    std::int64_t output = 0;
    std::int64_t reasoning = 0;
    for (const Part& part : choice.parts) {
      if (const auto* text = part.as<TextPart>()) output += tokens_of(model_, text->text);
      if (const auto* refusal = part.as<RefusalPart>()) output += tokens_of(model_, refusal->text);
      if (const auto* thought = part.as<ReasoningPart>()) reasoning += tokens_of(model_, thought->text);
      if (const auto* call = part.as<ToolCallPart>())
        output += tokens_of(model_, call->name) + tokens_of(model_, call->arguments);
    }
    return {output, reasoning};
  }

  const ChatRequest& request_;
  const std::string& model_;
  const std::uint64_t digest_;
  const Seen seen_;
  std::int64_t hidden_reasoning_ = 0;
};

}  // namespace

std::int64_t simulated_prompt_tokens(const ChatRequest& request, const std::string& model) {
  ChatCounter counter(model);
  if (!request.system.empty()) {
    counter.message("system");
    count_parts(counter, request.system);
  }
  for (const Message& message : request.messages) {
    counter.message(to_string(message.role), message.name);
    count_parts(counter, message.parts);
  }
  for (const Tool& tool : request.tools)
    counter.tool(tool.name, tool.description,
                 tool.schema.is_null() ? std::string() : to_json_text(tool.schema));
  return counter.total().count;
}

json::value simulated_logprobs(const std::vector<std::string_view>& pieces, std::int64_t top,
                               std::uint64_t digest) {
  json::array content;
  const auto entry = [](std::string_view token, double logprob) {
    json::array bytes;
    for (const char c : token) bytes.push_back(static_cast<unsigned char>(c));
    return json::object{{"token", token}, {"logprob", logprob}, {"bytes", std::move(bytes)}};
  };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::uint64_t hash = simulated_hash(pieces[i], digest + i);
    const double chosen = -0.0001 - static_cast<double>(hash % 6'000) / 10'000.0;
    json::object token = entry(pieces[i], chosen);
    json::array alternatives;
    for (std::int64_t k = 0; k < std::min<std::int64_t>(top, 20); ++k)
      alternatives.push_back(
          k == 0 ? entry(pieces[i], chosen)
                 : entry(" alternative" + std::to_string(k), chosen - 1.5 * static_cast<double>(k)));
    token["top_logprobs"] = std::move(alternatives);
    content.push_back(std::move(token));
  }
  return json::object{{"content", std::move(content)}, {"refusal", nullptr}};
}

SimulatedReply simulated_reply(const ChatRequest& request, const std::string& model, std::uint64_t digest,
                               const SimulatedOptions& options, const Simulation& simulation) {
  return ReplyMaker(request, model, digest).make(options, simulation);
}

}  // namespace slipway::llm
