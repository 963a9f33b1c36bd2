// SPDX-License-Identifier: Apache-2.0
#include "llm/openai_scan.h"
#include "llm/openai_scan_state.h"

namespace slipway::llm {

namespace scan {

std::int64_t count(std::string_view token) {
  const auto value = integer(token);
  return value && *value >= 0 && *value <= kMaxPlausibleTokens ? *value : -1;
}

namespace {

// Calls `use(key, value)` for each field; false when the object can't be read to its end.
template <class Use>
bool each_field(od::object object, Use&& use) {
  for (auto item : object) {
    od::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) return false;
    const auto key = key_of(field);
    if (!key || !use(*key, field.value())) return false;
  }
  return true;
}

bool object_of(od::value value, od::object& object) {
  const std::string_view token = value.raw_json_token();
  return !token.empty() && token.front() == '{' && value.get_object().get(object) == simdjson::SUCCESS;
}

bool array_of(od::value value, od::array& array) {
  const std::string_view token = value.raw_json_token();
  return !token.empty() && token.front() == '[' && value.get_array().get(array) == simdjson::SUCCESS;
}

}  // namespace

bool read_usage(od::object usage, OpenAiCounts& counts) {
  bool good = false;
  const auto put = [&good](std::int64_t& into, od::value value) {
    const std::int64_t number = count(scalar_token(value));
    if (number < 0) return;
    into = number;
    good = true;
  };
  const bool read = each_field(usage, [&](std::string_view key, od::value value) {
    od::object details;
    if (key == "prompt_tokens" || key == "input_tokens") {
      put(counts.prompt, value);
    } else if (key == "completion_tokens" || key == "output_tokens") {
      put(counts.completion, value);
    } else if (key == "total_tokens") {
      put(counts.total, value);
    } else if (key == "prompt_tokens_details" || key == "input_tokens_details") {
      if (!object_of(value, details)) return true;
      return each_field(details, [&](std::string_view name, od::value detail) {
        if (name == "cached_tokens") put(counts.cached, detail);
        if (name == "cache_write_tokens" || name == "cache_creation_tokens") put(counts.cache_write, detail);
        if (name == "audio_tokens") put(counts.audio_input, detail);
        return true;
      });
    } else if (key == "completion_tokens_details" || key == "output_tokens_details") {
      if (!object_of(value, details)) return true;
      return each_field(details, [&](std::string_view name, od::value detail) {
        if (name == "reasoning_tokens") put(counts.reasoning, detail);
        if (name == "audio_tokens") put(counts.audio_output, detail);
        return true;
      });
    } else if (counts.cached < 0 && (key == "cache_read_input_tokens" || key == "prompt_cache_hit_tokens" ||
                                     key == "cached_tokens")) {
      put(counts.cached, value);  // compatible servers' own names for the same
    } else if (counts.cache_write < 0 && key == "cache_creation_input_tokens") {
      put(counts.cache_write, value);
    }
    return true;
  });
  return read && good;
}

}  // namespace scan

namespace {

std::unexpected<Error> unreadable() {
  return fail(ErrorCode::kDataLoss, "the provider's answer is not a valid JSON object");
}

// The text of a string value: inside the body where it needs no unescaping, else in the parser's buffer.
std::string_view plain_or_unescaped(od::value value, std::string_view token, std::string_view body,
                                    const char* base) {
  const std::string_view inner = token.substr(1, token.size() - 2);
  if (inner.find('\\') == std::string_view::npos)
    return body.substr(static_cast<std::size_t>(inner.data() - base), inner.size());
  return scan::text(value);
}

bool is_complete_string(std::string_view token) {
  return token.size() >= 2 && token.front() == '"' && token.back() == '"';
}

}  // namespace

Result<ResponseScan> OpenAiScanner::scan_response(std::string_view body, std::size_t padding) {
  State& s = *state_;
  s.trim();
  const auto view = s.pad(body, padding);
  od::document document;
  od::object root;
  if (s.parser.iterate(view).get(document) != simdjson::SUCCESS ||
      document.get_object().get(root) != simdjson::SUCCESS)
    return unreadable();
  ResponseScan result;
  OpenAiCounts counts;
  const bool read = scan::each_field(root, [&](std::string_view key, od::value value) {
    const std::string_view token = scan::scalar_token(value);
    if (key == "id") {
      if (is_complete_string(token)) result.id = plain_or_unescaped(value, token, body, view.data());
    } else if (key == "model") {
      if (!is_complete_string(token)) return true;
      const auto begin = static_cast<std::size_t>(token.data() - view.data());
      result.model_range = {begin, begin + token.size()};
      result.model = plain_or_unescaped(value, token, body, view.data());
    } else if (key == "error") {
      result.has_error = token != "null";
    } else if (key == "usage") {
      od::object usage;
      if (!scan::object_of(value, usage)) return true;
      counts = {};
      result.has_usage = scan::read_usage(usage, counts);
    } else if (key == "choices") {
      od::array choices;
      if (!scan::array_of(value, choices)) return true;
      bool first = true;
      for (auto item : choices) {
        od::value element;
        if (std::move(item).get(element) != simdjson::SUCCESS) return false;
        if (!std::exchange(first, false)) continue;
        od::object choice;
        if (!scan::object_of(element, choice)) continue;
        const bool choice_read = scan::each_field(choice, [&](std::string_view name, od::value detail) {
          if (name != "finish_reason") return true;
          const std::string_view word = scan::scalar_token(detail);
          if (is_complete_string(word))
            result.finish_reason = plain_or_unescaped(detail, word, body, view.data());
          return true;
        });
        if (!choice_read) return false;
      }
    }
    return true;
  });
  if (!read || !scan::at_end(document)) return unreadable();
  if (result.has_usage) result.usage = usage_from_openai(counts);
  return result;
}

StreamScanner::StreamScanner(OpenAiScanner& scanner, std::size_t text_limit_bytes)
    : scanner_(scanner), text_limit_bytes_(text_limit_bytes) {}

void StreamScanner::reset() {
  usage_ = {};
  has_usage_ = done_ = failed_ = first_content_seen_ = false;
  id_.clear();
  model_.clear();
  finish_reason_.clear();
  error_message_.clear();
  error_type_.clear();
  output_text_.clear();
  output_bytes_ = 0;
  chunks_ = 0;
}

void StreamScanner::keep(std::string_view text) {
  output_bytes_ += text.size();
  if (output_text_.size() >= text_limit_bytes_) return;
  std::size_t take = std::min(text.size(), text_limit_bytes_ - output_text_.size());
  // Never end in the middle of a character: the text is counted and may be stored.
  if (take < text.size())
    while (take > 0 && (static_cast<unsigned char>(text[take]) & 0xc0) == 0x80) --take;
  output_text_.append(text.substr(0, take));
}

ChunkInfo StreamScanner::feed(std::string_view data, std::size_t padding) {
  ChunkInfo info;
  ++chunks_;
  if (data == "[DONE]") {
    done_ = info.done = true;
    return info;
  }
  OpenAiScanner::State& s = *scanner_.state_;
  const auto view = s.pad(data, padding);
  od::document document;
  od::object root;
  if (s.parser.iterate(view).get(document) != simdjson::SUCCESS ||
      document.get_object().get(root) != simdjson::SUCCESS) {
    info.malformed = true;
    return info;
  }

  // Text of any kind, in whatever field it comes, is content as soon as it is not empty.
  const auto take = [&](od::value value) {
    const std::string_view token = value.raw_json_token();
    if (token.empty() || token.front() != '"') return;
    const std::string_view text = scan::text(value);
    if (text.empty()) return;
    info.content = true;
    keep(text);
  };
  const auto take_function = [&](std::string_view name, od::value value) {
    if (name == "name" || name == "arguments" || name == "input") take(value);
    return true;
  };
  const auto take_tool_call = [&](std::string_view name, od::value value) {
    od::object function;
    if ((name == "function" || name == "custom") && scan::object_of(value, function))
      return scan::each_field(function, take_function);
    return true;
  };
  const auto take_delta = [&](std::string_view name, od::value value) {
    if (name == "content" || name == "reasoning_content" || name == "reasoning" || name == "refusal") {
      take(value);
    } else if (name == "tool_calls") {
      od::array calls;
      if (!scan::array_of(value, calls)) return true;
      for (auto item : calls) {
        od::value element;
        od::object call;
        if (std::move(item).get(element) != simdjson::SUCCESS) return false;
        info.content = true;
        if (scan::object_of(element, call) && !scan::each_field(call, take_tool_call)) return false;
      }
    } else if (name == "function_call") {
      od::object call;
      if (scan::object_of(value, call)) return scan::each_field(call, take_function);
    }
    return true;
  };

  bool choices_empty = true;
  bool usage_here = false;
  const auto take_choice = [&](od::object choice) {
    std::int64_t index = 0;
    std::string_view finish;
    const bool read = scan::each_field(choice, [&](std::string_view name, od::value value) {
      if (name == "index") {
        index = scan::integer(scan::scalar_token(value)).value_or(0);
      } else if (name == "finish_reason") {
        const std::string_view token = value.raw_json_token();
        if (!token.empty() && token.front() == '"') finish = scan::text(value);
      } else if (name == "delta") {
        od::object delta;
        if (scan::object_of(value, delta)) return scan::each_field(delta, take_delta);
      } else if (name == "text") {  // legacy completions
        take(value);
      }
      return true;
    });
    if (!finish.empty() && (index == 0 || finish_reason_.empty())) finish_reason_.assign(finish);
    return read;
  };

  const bool read = scan::each_field(root, [&](std::string_view key, od::value value) {
    if (key == "choices") {
      od::array choices;
      if (!scan::array_of(value, choices)) return true;
      for (auto item : choices) {
        od::value element;
        od::object choice;
        if (std::move(item).get(element) != simdjson::SUCCESS) return false;
        choices_empty = false;
        if (scan::object_of(element, choice) && !take_choice(choice)) return false;
      }
    } else if (key == "usage") {
      od::object usage;
      OpenAiCounts counts;
      if (!scan::object_of(value, usage) || !scan::read_usage(usage, counts)) return true;
      usage_ = usage_from_openai(counts);
      has_usage_ = usage_here = true;
    } else if (key == "id" && id_.empty()) {
      id_.assign(scan::text(value));
    } else if (key == "model" && model_.empty()) {
      model_.assign(scan::text(value));
    } else if (key == "error") {
      const std::string_view token = scan::scalar_token(value);
      if (token == "null") return true;
      info.error = failed_ = true;
      od::object error;
      if (scan::is_string(token)) {
        error_message_.assign(scan::text(value));
      } else if (scan::object_of(value, error)) {
        return scan::each_field(error, [&](std::string_view name, od::value detail) {
          if (name == "message") error_message_.assign(scan::text(detail));
          if (name == "type" || (name == "code" && error_type_.empty()))
            error_type_.assign(scan::text(detail));
          return true;
        });
      }
    }
    return true;
  });
  info.malformed = !read || !scan::at_end(document);
  info.usage_only = choices_empty && usage_here && !info.error && !info.malformed;
  if (info.content) first_content_seen_ = true;
  return info;
}

}  // namespace slipway::llm
