// SPDX-License-Identifier: Apache-2.0
#include "llm/openai_scan.h"

#include <charconv>
#include <cmath>

#include "llm/openai_scan_state.h"

namespace slipway::llm {

OpenAiScanner::OpenAiScanner(ScanLimits limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
OpenAiScanner::~OpenAiScanner() = default;

namespace scan {

std::optional<std::int64_t> integer(std::string_view token) {
  std::int64_t value = 0;
  const char* end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, value);
  if (error == std::errc{} && stop == end && !token.empty()) return value;
  if (token.empty() || (token.front() != '-' && (token.front() < '0' || token.front() > '9')))
    return std::nullopt;
  double real = 0;
  const auto [real_stop, real_error] = std::from_chars(token.data(), end, real);
  if (real_error != std::errc{} || real_stop != end || std::abs(real) > 9e15 || real != std::floor(real))
    return std::nullopt;
  return static_cast<std::int64_t>(real);
}

}  // namespace scan

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool valid_number(std::string_view t) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t first = i;
    while (i < t.size() && is_digit(t[i])) ++i;
    return i > first;
  };
  if (i < t.size() && t[i] == '-') ++i;
  if (i < t.size() && t[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < t.size() && t[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < t.size() && (t[i] == 'e' || t[i] == 'E')) {
    ++i;
    if (i < t.size() && (t[i] == '+' || t[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == t.size();
}

// `inner` is the text between the quotes. Stage one has refused raw control characters and bad UTF-8 already.
bool valid_escapes(std::string_view inner) {
  const char* at = inner.data();
  const char* end = at + inner.size();
  while (at < end) {
    at = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
    if (at == nullptr) return true;
    if (end - at < 2) return false;
    if (at[1] == 'u') {
      if (end - at < 6 || !is_hex(at[2]) || !is_hex(at[3]) || !is_hex(at[4]) || !is_hex(at[5])) return false;
      at += 6;
    } else {
      if (std::strchr("\"\\/bfnrt", at[1]) == nullptr || at[1] == '\0') return false;
      at += 2;
    }
  }
  return true;
}

bool valid_scalar(std::string_view token) {
  if (token.empty()) return false;
  switch (token.front()) {
    case '"':
      return token.size() >= 2 && token.back() == '"' && valid_escapes(token.substr(1, token.size() - 2));
    case 't': return token == "true";
    case 'f': return token == "false";
    case 'n': return token == "null";
    default: return valid_number(token);
  }
}

enum class Flaw : std::uint8_t { kNone, kSyntax, kDepth };

std::string_view raw_of(od::value value) {
  std::string_view token = value.raw_json_token();
  return token.substr(0, 1);
}

Flaw walk(od::value value, std::size_t depth) {
  const std::string_view start = raw_of(value);
  const char first = start.empty() ? '\0' : start.front();
  if (first == '{') {
    if (depth == 0) return Flaw::kDepth;
    od::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return Flaw::kSyntax;
    for (auto item : object) {
      od::field field;
      if (std::move(item).get(field) != simdjson::SUCCESS || !scan::key_of(field)) return Flaw::kSyntax;
      if (const Flaw flaw = walk(field.value(), depth - 1); flaw != Flaw::kNone) return flaw;
    }
    return Flaw::kNone;
  }
  if (first == '[') {
    if (depth == 0) return Flaw::kDepth;
    od::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return Flaw::kSyntax;
    for (auto item : array) {
      od::value element;
      if (std::move(item).get(element) != simdjson::SUCCESS) return Flaw::kSyntax;
      if (const Flaw flaw = walk(element, depth - 1); flaw != Flaw::kNone) return flaw;
    }
    return Flaw::kNone;
  }
  return valid_scalar(scan::scalar_token(value)) ? Flaw::kNone : Flaw::kSyntax;
}

std::string_view kind_word(std::string_view token) {
  if (token.empty()) return "nothing";
  switch (token.front()) {
    case '{': return "an object";
    case '[': return "an array";
    case '"': return "a string";
    case 't':
    case 'f': return "a boolean";
    case 'n': return "null";
    default: return "a number";
  }
}

std::unexpected<Error> wrong_type(std::string where, std::string_view wanted, std::string_view token) {
  std::string message = "'" + where + "' must be ";
  message.append(wanted).append(", but is ").append(kind_word(token));
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where));
}

std::unexpected<Error> syntax_error() {
  return fail(ErrorCode::kInvalidArgument, "the request body is not valid JSON", {},
              "send one JSON object, encoded as UTF-8");
}

std::unexpected<Error> depth_error(std::size_t limit) {
  return fail(ErrorCode::kInvalidArgument,
              "the request body is nested more than " + std::to_string(limit) + " levels deep", {},
              "flatten the JSON, or put nested data into a string");
}

std::unexpected<Error> flaw_error(Flaw flaw, std::size_t limit) {
  if (flaw == Flaw::kDepth) return depth_error(limit);
  return syntax_error();
}

enum class Field : std::uint32_t {
  kOther = 0,
  kModel = 1u << 0,
  kStream = 1u << 1,
  kStreamOptions = 1u << 2,
  kUser = 1u << 3,
  kSafetyIdentifier = 1u << 4,
  kMaxTokens = 1u << 5,
  kMaxCompletionTokens = 1u << 6,
  kN = 1u << 7,
  kMessages = 1u << 8,
  kInput = 1u << 9,
  kTools = 1u << 10,
};

Field field_of(std::string_view key) {
  switch (key.size()) {
    case 1: return key == "n" ? Field::kN : Field::kOther;
    case 4: return key == "user" ? Field::kUser : Field::kOther;
    case 5:
      return key == "model"   ? Field::kModel
             : key == "input" ? Field::kInput
             : key == "tools" ? Field::kTools
                              : Field::kOther;
    case 6: return key == "stream" ? Field::kStream : Field::kOther;
    case 8: return key == "messages" ? Field::kMessages : Field::kOther;
    case 10: return key == "max_tokens" ? Field::kMaxTokens : Field::kOther;
    case 14: return key == "stream_options" ? Field::kStreamOptions : Field::kOther;
    case 17: return key == "safety_identifier" ? Field::kSafetyIdentifier : Field::kOther;
    case 21: return key == "max_completion_tokens" ? Field::kMaxCompletionTokens : Field::kOther;
    default: return Field::kOther;
  }
}

// One pass over a request; its parts are methods because they share what they have learnt.
class RequestReader {
 public:
  RequestReader(std::string_view body, const char* base, ScanKind kind, std::size_t depth,
                std::string& model_store, std::string& user_store)
      : body_(body),
        base_(base),
        kind_(kind),
        depth_(depth),
        model_store_(model_store),
        user_store_(user_store) {}

  Result<RequestScan> read(od::document& document) {
    od::object object;
    if (const auto error = document.get_object().get(object); error != simdjson::SUCCESS) {
      if (error == simdjson::INCORRECT_TYPE)
        return fail(ErrorCode::kInvalidArgument, "the request body must be a JSON object", {},
                    "send one JSON object, encoded as UTF-8");
      return syntax_error();
    }
    for (auto item : object) {
      od::field field;
      if (std::move(item).get(field) != simdjson::SUCCESS) return syntax_error();
      const auto key = scan::key_of(field);
      if (!key) return syntax_error();
      SLIPWAY_TRY(read_field(*key, field.value()));
    }
    if (!scan::at_end(document)) return syntax_error();
    return finish();
  }

 private:
  Result<> read_field(std::string_view key, od::value value) {
    const Field field = field_of(key);
    if (field == Field::kOther) return check(value);
    const auto bit = static_cast<std::uint32_t>(field);
    if ((seen_ & bit) != 0)
      return fail(ErrorCode::kInvalidArgument, "'" + std::string(key) + "' is given twice", std::string(key),
                  "give each field once");
    seen_ |= bit;
    switch (field) {
      case Field::kMessages: return read_messages(value);
      case Field::kInput: return read_input(value);
      case Field::kTools: return read_tools(value);
      case Field::kStreamOptions: return read_stream_options(value);
      default: break;
    }
    const std::string_view token = scan::scalar_token(value);
    const char first = token.empty() ? '\0' : token.front();
    if (first != '{' && first != '[' && !valid_scalar(token)) return syntax_error();
    if (field == Field::kModel) {
      if (!scan::is_string(token)) return wrong_type("model", "a string", token);
      SLIPWAY_ASSIGN(scan_.model, string_of("model", value, token, model_store_));
      scan_.model_range = range_of(token);
      return {};
    }
    if (token == "null") return {};
    switch (field) {
      case Field::kStream:
        if (token != "true" && token != "false") return wrong_type("stream", "a boolean", token);
        scan_.stream = token == "true";
        return {};
      case Field::kUser:
      case Field::kSafetyIdentifier: {
        if (!scan::is_string(token)) return wrong_type(std::string(key), "a string", token);
        // `user` is what applications have always sent; its successor counts only without it.
        if (field == Field::kSafetyIdentifier && !scan_.user.empty()) return {};
        SLIPWAY_ASSIGN(scan_.user, string_of(key, value, token, user_store_));
        return {};
      }
      case Field::kMaxTokens:
      case Field::kMaxCompletionTokens:
      case Field::kN: return read_integer(field, key, token);
      default: return {};
    }
  }

  Result<> read_integer(Field field, std::string_view key, std::string_view token) {
    const auto value = scan::integer(token);
    if (!value) {
      if (token.front() == '-' || is_digit(token.front()))
        return fail(
            ErrorCode::kInvalidArgument,
            "'" + std::string(key) + "' must be an integer, but is " + std::string(token.substr(0, 40)),
            std::string(key));
      return wrong_type(std::string(key), "an integer", token);
    }
    if (field == Field::kN) {
      if (*value < 1)
        return fail(ErrorCode::kInvalidArgument, "'n' must be at least 1, but is " + std::to_string(*value),
                    "n");
      scan_.n = *value;
    } else if (*value > 0 && (scan_.max_tokens < 0 || field == Field::kMaxCompletionTokens)) {
      scan_.max_tokens = *value;
    }
    return {};
  }

  Result<> check(od::value value) {
    if (const Flaw flaw = walk(value, depth_ - 1); flaw != Flaw::kNone) return flaw_error(flaw, depth_);
    return {};
  }

  Result<> read_messages(od::value value) {
    if (kind_ == ScanKind::kEmbeddings) return check(value);
    if (kind_ == ScanKind::kPrompt && raw_of(value) == "n") return check(value);
    if (raw_of(value) != "[") return wrong_type("messages", "an array", scan::scalar_token(value));
    od::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return syntax_error();
    for (auto item : array) {
      od::value message;
      if (std::move(item).get(message) != simdjson::SUCCESS) return syntax_error();
      SLIPWAY_TRY(read_message(message));
      ++scan_.message_count;
    }
    if (scan_.message_count == 0 && kind_ == ScanKind::kChat)
      return fail(ErrorCode::kInvalidArgument, "'messages' must hold at least one message", "messages");
    return {};
  }

  Result<> read_message(od::value value) {
    const auto where = [this](std::string_view field) {
      std::string path = "messages[" + std::to_string(scan_.message_count) + "]";
      if (!field.empty()) path.append(".").append(field);
      return path;
    };
    if (raw_of(value) != "{") return wrong_type(where(""), "an object", scan::scalar_token(value));
    if (depth_ < 3) return depth_error(depth_);
    od::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return syntax_error();
    bool has_role = false;
    for (auto item : object) {
      od::field field;
      if (std::move(item).get(field) != simdjson::SUCCESS) return syntax_error();
      const auto key = scan::key_of(field);
      if (!key) return syntax_error();
      if (*key == "role") {
        const std::string_view token = scan::scalar_token(field.value());
        if (!scan::is_string(token)) return wrong_type(where("role"), "a string", token);
        has_role = true;
      } else if (*key == "content") {
        const std::string_view first = raw_of(field.value());
        if (first != "\"" && first != "[" && first != "n")
          return wrong_type(where("content"), "a string or an array of parts", first);
      }
      if (const Flaw flaw = walk(field.value(), depth_ - 3); flaw != Flaw::kNone)
        return flaw_error(flaw, depth_);
    }
    if (!has_role)
      return fail(ErrorCode::kInvalidArgument, "'" + where("role") + "' is missing", where("role"),
                  "give each message a role: system, user, assistant or tool");
    return {};
  }

  Result<> read_input(od::value value) {
    if (kind_ != ScanKind::kEmbeddings) return check(value);
    const std::string_view first = raw_of(value);
    if (first == "\"") {
      scan_.message_count = 1;
      return check(value);
    }
    if (first != "[") return wrong_type("input", "a string or an array", first);
    od::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return syntax_error();
    bool numbers = false;
    for (auto item : array) {
      od::value element;
      if (std::move(item).get(element) != simdjson::SUCCESS) return syntax_error();
      numbers = raw_of(element) != "\"" && raw_of(element) != "[";
      if (const Flaw flaw = walk(element, depth_ - 2); flaw != Flaw::kNone) return flaw_error(flaw, depth_);
      ++scan_.message_count;
    }
    if (scan_.message_count == 0)
      return fail(ErrorCode::kInvalidArgument, "'input' must hold at least one element", "input");
    if (numbers) scan_.message_count = 1;  // one input, given as tokens
    return {};
  }

  Result<> read_tools(od::value value) {
    const std::string_view first = raw_of(value);
    if (first == "[") {
      od::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS) return syntax_error();
      for (auto item : array) {
        od::value element;
        if (std::move(item).get(element) != simdjson::SUCCESS) return syntax_error();
        if (const Flaw flaw = walk(element, depth_ - 2); flaw != Flaw::kNone) return flaw_error(flaw, depth_);
        scan_.has_tools = true;
      }
      return {};
    }
    if (first != "n") return wrong_type("tools", "an array", first);
    return check(value);
  }

  Result<> read_stream_options(od::value value) {
    const std::string_view token = raw_of(value);
    if (token == "n") {
      const std::string_view null = scan::scalar_token(value);
      if (null != "null") return syntax_error();
      scan_.usage_range = range_of(null);
      scan_.usage_text = R"({"include_usage":true})";
      return {};
    }
    if (token != "{") return wrong_type("stream_options", "an object", token);
    const std::size_t inside = offset_of(value.raw_json_token().data()) + 1;
    od::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return syntax_error();
    bool empty = true;
    bool found = false;
    for (auto item : object) {
      od::field field;
      if (std::move(item).get(field) != simdjson::SUCCESS) return syntax_error();
      const auto key = scan::key_of(field);
      if (!key) return syntax_error();
      empty = false;
      if (*key == "include_usage") {
        const std::string_view flag = scan::scalar_token(field.value());
        if (flag != "true" && flag != "false" && flag != "null")
          return wrong_type("stream_options.include_usage", "a boolean", flag);
        if (found)
          return fail(ErrorCode::kInvalidArgument, "'stream_options.include_usage' is given twice",
                      "stream_options.include_usage", "give each field once");
        found = true;
        scan_.include_usage = flag == "true";
        scan_.usage_range = range_of(flag);
        scan_.usage_text = "true";
      } else if (const Flaw flaw = walk(field.value(), depth_ - 2); flaw != Flaw::kNone) {
        return flaw_error(flaw, depth_);
      }
    }
    if (!found) {
      scan_.usage_range = {inside, inside};
      scan_.usage_text = empty ? R"("include_usage":true)" : R"("include_usage":true,)";
    }
    return {};
  }

  Result<RequestScan> finish() {
    if (scan_.model_range.size() == 0)
      return fail(ErrorCode::kInvalidArgument, "'model' is missing", "model", "name the model to call");
    if (scan_.model.empty())
      return fail(ErrorCode::kInvalidArgument, "'model' is empty", "model", "name the model to call");
    if (kind_ == ScanKind::kChat && (seen_ & static_cast<std::uint32_t>(Field::kMessages)) == 0)
      return fail(ErrorCode::kInvalidArgument, "'messages' is missing", "messages",
                  "send the conversation as an array of messages");
    if (kind_ == ScanKind::kEmbeddings && (seen_ & static_cast<std::uint32_t>(Field::kInput)) == 0)
      return fail(ErrorCode::kInvalidArgument, "'input' is missing", "input", "send the text to embed");
    if ((seen_ & static_cast<std::uint32_t>(Field::kStreamOptions)) == 0) {
      // The body is an object and holds at least the model, so that a comma always belongs behind.
      const std::size_t inside = body_.find('{') + 1;
      scan_.usage_range = {inside, inside};
      scan_.usage_text = R"("stream_options":{"include_usage":true},)";
    }
    return scan_;
  }

  Result<std::string_view> string_of(std::string_view name, od::value value, std::string_view token,
                                     std::string& store) {
    const std::string_view inner = token.substr(1, token.size() - 2);
    if (inner.find('\\') == std::string_view::npos)
      return body_.substr(offset_of(inner.data()), inner.size());
    std::string_view unescaped;
    if (value.get_string().get(unescaped) != simdjson::SUCCESS)
      return fail(ErrorCode::kInvalidArgument, "'" + std::string(name) + "' holds half a surrogate pair",
                  std::string(name), "send well-formed Unicode");
    store.assign(unescaped);
    return std::string_view(store);
  }

  [[nodiscard]] std::size_t offset_of(const char* at) const { return static_cast<std::size_t>(at - base_); }
  [[nodiscard]] ByteRange range_of(std::string_view token) const {
    return {offset_of(token.data()), offset_of(token.data()) + token.size()};
  }

  std::string_view body_;
  const char* base_;
  ScanKind kind_;
  std::size_t depth_;
  std::string& model_store_;
  std::string& user_store_;
  std::uint32_t seen_ = 0;
  RequestScan scan_;
};

}  // namespace

Result<RequestScan> OpenAiScanner::scan_request(std::string_view body, ScanKind kind, std::size_t padding) {
  State& s = *state_;
  s.trim();
  const auto view = s.pad(body, padding);
  od::document document;
  if (const auto error = s.parser.iterate(view).get(document); error != simdjson::SUCCESS) {
    if (error == simdjson::EMPTY)
      return fail(ErrorCode::kInvalidArgument, "the request body is empty", {}, "send one JSON object");
    if (error == simdjson::UTF8_ERROR)
      return fail(ErrorCode::kInvalidArgument, "the request body is not valid UTF-8", {},
                  "encode the body as UTF-8");
    return syntax_error();
  }
  return RequestReader(body, view.data(), kind, s.limits.depth, s.unescaped_model, s.unescaped_user)
      .read(document);
}

void rewrite_request(std::string_view body, const RequestScan& scan, std::string_view model, bool ask_usage,
                     std::string& out) {
  out.clear();
  const bool splice_usage = ask_usage && scan.stream && !scan.include_usage;
  out.reserve(body.size() + model.size() + scan.usage_text.size() + 16);
  std::size_t at = 0;
  const auto copy_to = [&](std::size_t end) {
    out.append(body.substr(at, end - at));
    at = end;
  };
  const auto put_model = [&] {
    copy_to(scan.model_range.begin);
    append_json_string(out, model);
    at = scan.model_range.end;
  };
  const auto put_usage = [&] {
    copy_to(scan.usage_range.begin);
    out.append(scan.usage_text);
    at = scan.usage_range.end;
  };
  const bool usage_first = scan.usage_range.begin < scan.model_range.begin;
  if (splice_usage && usage_first) put_usage();
  if (!model.empty()) put_model();
  if (splice_usage && !usage_first) put_usage();
  copy_to(body.size());
}

}  // namespace slipway::llm
