// SPDX-License-Identifier: Apache-2.0
#include "llm/openai_dialect.h"

#include <bit>
#include <cstring>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "llm/fields.h"
#include "llm/openai_shapes.h"

namespace slipway::llm {

void OpenAiDialect::add_headers(const Credentials& credentials, std::vector<OwnedHeader>& out) const {
  if (!credentials.secret.empty())
    out.emplace_back("authorization", "Bearer " + std::string(credentials.secret));
  if (!credentials.organization.empty()) out.emplace_back("openai-organization", credentials.organization);
  if (!credentials.project.empty()) out.emplace_back("openai-project", credentials.project);
}

ProviderError OpenAiDialect::decode_error(int status, std::string_view retry_after,
                                          std::string_view body) const {
  ProviderError error;
  error.http_status = status;
  error.error_class = error_class_of_status(status);
  if (const auto parsed = parse_json(body)) {
    const json::value* value = &*parsed;
    if (value->is_array() && !value->get_array().empty()) value = &value->get_array()[0];  // Gemini's
    if (value->is_object()) {
      const json::object& object = value->get_object();
      if (const json::value* inner = object.if_contains("error"); inner != nullptr && !inner->is_null())
        value = inner;
      else if (const json::value* detail = object.if_contains("detail");
               detail != nullptr && detail->is_string())
        value = detail;  // FastAPI servers
    }
    error = openai::read_error(*value, status);
  }
  error.retry_after_ms = parse_retry_after_ms(retry_after, unix_now_us());
  if (error.message.empty()) {
    // A proxy's HTML page says little more than its status; a short plain text may be the whole story.
    const std::string_view text = trim(body);
    if (!text.empty() && text.front() != '<' && text.front() != '{' && text.front() != '[')
      error.message = ellipsize(to_valid_utf8(text), 500);
    else
      error.message = "the provider answered with status " + std::to_string(status) + " and no explanation";
  }
  return error;
}

std::string OpenAiDialect::encode_error(const ProviderError& error) const {
  std::string body;
  JsonWriter out(body);
  openai::write_error(out, error);
  return body;
}

Result<EmbeddingRequest> OpenAiDialect::decode_embedding_request(std::string_view body) const {
  SLIPWAY_ASSIGN(json::object object, parse_object(body));
  Fields fields(std::move(object), "");
  EmbeddingRequest request;
  SLIPWAY_ASSIGN(request.model, fields.required_string("model"));
  SLIPWAY_ASSIGN(request.dimensions, fields.integer("dimensions"));
  SLIPWAY_ASSIGN(request.encoding, fields.string_or_empty("encoding_format"));
  SLIPWAY_ASSIGN(request.user, fields.string_or_empty("user"));
  if (request.dimensions && *request.dimensions < 1) return fields.bad("dimensions", "must be at least 1");
  if (!request.encoding.empty() && request.encoding != "float" && request.encoding != "base64")
    return fields.bad("encoding_format", "must be float or base64");
  const json::value input = fields.value("input");
  request.extra = fields.rest();
  if (input.is_string()) {
    request.texts.emplace_back(view_of(input.get_string()));
    return request;
  }
  const Fields names({}, "");
  if (!input.is_array() || input.get_array().empty())
    return names.bad("input", "is required: a string, or a non-empty array of strings or token arrays");
  const auto read_tokens = [&names](const json::array& array) -> Result<std::vector<std::int64_t>> {
    std::vector<std::int64_t> tokens;
    for (const json::value& token : array) {
      if (!token.is_int64() || token.get_int64() < 0)
        return names.bad("input", "must hold token numbers only");
      tokens.push_back(token.get_int64());
    }
    return tokens;
  };
  const json::array& elements = input.get_array();
  if (elements[0].is_number()) {
    SLIPWAY_ASSIGN(auto tokens, read_tokens(elements));
    request.tokens.push_back(std::move(tokens));
    return request;
  }
  for (const json::value& element : elements) {
    if (element.is_string() && request.tokens.empty()) {
      request.texts.emplace_back(view_of(element.get_string()));
    } else if (element.is_array() && request.texts.empty()) {
      SLIPWAY_ASSIGN(auto tokens, read_tokens(element.get_array()));
      request.tokens.push_back(std::move(tokens));
    } else {
      return names.bad("input", "must hold either strings or arrays of token numbers");
    }
  }
  return request;
}

Result<EncodedRequest> OpenAiDialect::encode_embedding_request(const EmbeddingRequest& request,
                                                               const Credentials& credentials) const {
  EncodedRequest encoded;
  encoded.path = embeddings_path();
  encoded.headers.emplace_back("content-type", "application/json");
  add_headers(credentials, encoded.headers);
  JsonWriter out(encoded.body);
  out.begin_object();
  out.member("model", request.model);
  out.key("input");
  out.begin_array();
  for (const std::string& text : request.texts) out.string(text);
  for (const auto& tokens : request.tokens) {
    out.begin_array();
    for (const std::int64_t token : tokens) out.integer(token);
    out.end_array();
  }
  out.end_array();
  out.optional_member("dimensions", request.dimensions);
  out.nonempty_member("encoding_format", request.encoding);
  out.nonempty_member("user", request.user);
  out.members_of(request.extra);
  out.end_object();
  return encoded;
}

namespace {

Result<std::vector<float>> read_vector(const json::value& value) {
  std::vector<float> vector;
  if (value.is_string()) {
    // Little-endian floats; the bytes are what counts, wherever they were made.
    const auto bytes = unbase64(view_of(value.get_string()));
    if (!bytes || bytes->size() % sizeof(float) != 0)
      return fail(ErrorCode::kDataLoss, "an embedding is not valid base64 of floats");
    vector.resize(bytes->size() / sizeof(float));
    std::memcpy(vector.data(), bytes->data(), bytes->size());
    return vector;
  }
  if (!value.is_array()) return fail(ErrorCode::kDataLoss, "an embedding is neither an array nor base64");
  for (const json::value& element : value.get_array()) {
    if (!element.is_number())
      return fail(ErrorCode::kDataLoss, "an embedding holds something that is no number");
    vector.push_back(static_cast<float>(element.to_number<double>()));
  }
  return vector;
}

}  // namespace

Result<EmbeddingResponse> OpenAiDialect::decode_embedding_response(std::string_view body) const {
  auto parsed = parse_object(body);
  if (!parsed) return fail(ErrorCode::kDataLoss, "the provider's answer is not a JSON object");
  Fields fields(std::move(*parsed), "");
  EmbeddingResponse response;
  SLIPWAY_ASSIGN(response.model, fields.string_or_empty("model"));
  SLIPWAY_ASSIGN(const auto data, fields.array("data"));
  if (!data) return fail(ErrorCode::kDataLoss, "the provider's answer has no data");
  response.vectors.resize(data->size());
  for (std::size_t i = 0; i < data->size(); ++i) {
    if (!(*data)[i].is_object())
      return fail(ErrorCode::kDataLoss, "the provider's answer holds a malformed embedding");
    Fields item((*data)[i].get_object(), indexed("data", i));
    SLIPWAY_ASSIGN(const auto index, item.integer("index"));
    const auto at = static_cast<std::size_t>(index.value_or(static_cast<std::int64_t>(i)));
    if (at >= response.vectors.size())
      return fail(ErrorCode::kDataLoss, "an embedding's index is out of range");
    SLIPWAY_ASSIGN(response.vectors[at], read_vector(item.value("embedding")));
  }
  response.usage = openai::read_usage(fields.value("usage")).value_or(Usage{});
  fields.drop("object");
  response.extra = fields.rest();
  return response;
}

std::string OpenAiDialect::encode_embedding_response(const EmbeddingResponse& response,
                                                     std::string_view encoding) const {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  out.member("object", "list");
  out.key("data");
  out.begin_array();
  for (std::size_t i = 0; i < response.vectors.size(); ++i) {
    const std::vector<float>& vector = response.vectors[i];
    out.begin_object();
    out.member("object", "embedding");
    out.member("index", i);
    out.key("embedding");
    if (encoding == "base64") {
      static_assert(std::endian::native == std::endian::little);
      out.string(base64({reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)}));
    } else {
      out.begin_array();
      for (const float element : vector) out.real(element);
      out.end_array();
    }
    out.end_object();
  }
  out.end_array();
  out.member("model", response.model);
  out.key("usage");
  out.begin_object();
  const std::int64_t prompt = std::max<std::int64_t>(response.usage.total_input(), 0);
  out.member("prompt_tokens", prompt);
  out.member("total_tokens", prompt);
  out.end_object();
  out.members_of(response.extra);
  out.end_object();
  return body;
}

}  // namespace slipway::llm
