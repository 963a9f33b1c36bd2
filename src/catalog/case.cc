// SPDX-License-Identifier: Apache-2.0
#include "catalog/case.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/crypto.h"
#include "base/text.h"
#include "catalog/canonical.h"

namespace slipway::catalog {

namespace {

constexpr std::array<std::string_view, 9> kMembers = {"id",    "input",   "expected",   "context", "tags",
                                                      "split", "cluster", "provenance", "metadata"};
constexpr std::size_t kIdBytes = 200;
constexpr std::size_t kNameBytes = 100;  // of a split, a cluster, a tag
constexpr std::size_t kTags = 100;
constexpr std::size_t kMadeIdDigits = 24;                       // of a SHA-256 over the content
constexpr std::int64_t kExactIntegers = 9'007'199'254'740'992;  // 2^53

bool is_empty(const json::value& value) {
  if (value.is_null()) return true;
  if (value.is_string()) return value.get_string().empty();
  if (value.is_array()) return value.get_array().empty();
  return value.is_object() && value.get_object().empty();
}

// Where a number stands that would lose digits, as " in metadata.number"; empty if there is none.
bool loses_digits(const json::value& value) {
  if (value.is_int64()) return value.get_int64() > kExactIntegers || value.get_int64() < -kExactIntegers;
  if (value.is_uint64()) return true;  // the parser makes one only beyond 2^63
  if (value.is_array()) return std::ranges::any_of(value.get_array(), loses_digits);
  return value.is_object() && std::ranges::any_of(value.get_object(), [](const json::key_value_pair& member) {
           return loses_digits(member.value());
         });
}

Result<> check_members(const json::object& fields) {
  for (const json::key_value_pair& member : fields) {
    const std::string name(member.key());
    if (std::ranges::find(kMembers, name) == kMembers.end()) {
      const std::vector<std::string> known(kMembers.begin(), kMembers.end());
      const auto close = slipway::nearest(name, known);
      return fail(ErrorCode::kInvalidArgument, fmt::format("a case has no '{}'", ellipsize(name, 80)), name,
                  close ? fmt::format("Did you mean '{}'?", *close)
                        : std::string("What has no place of its own belongs in metadata."));
    }
    if (loses_digits(member.value()))
      return fail(ErrorCode::kInvalidArgument, "an integer beyond 2^53 would lose digits", name,
                  "Write it as a text, in quotes.");
  }
  return {};
}

// A short text, empty if it is absent. Numbers are taken as they are written: ids often are.
Result<std::string> take_name(json::object& fields, std::string_view name, std::size_t limit) {
  const auto found = fields.find(name);
  if (found == fields.end()) return std::string();
  std::string text;
  if (found->value().is_string())
    text = found->value().get_string();
  else if (found->value().is_number())
    text = canonical_json(found->value());
  else
    return fail(ErrorCode::kInvalidArgument, "must be a text", std::string(name));
  if (text.size() > limit)
    return fail(ErrorCode::kInvalidArgument, fmt::format("has {} bytes", text.size()), std::string(name),
                fmt::format("At most {} are kept.", limit));
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    return fail(ErrorCode::kInvalidArgument, "must not hold line ends or other control characters",
                std::string(name));
  fields[name] = text;
  return text;
}

Result<std::vector<std::string>> take_tags(json::object& fields) {
  std::vector<std::string> tags;
  const auto found = fields.find("tags");
  if (found == fields.end()) return tags;
  if (!found->value().is_array()) return fail(ErrorCode::kInvalidArgument, "must be a list of texts", "tags");
  for (const json::value& tag : found->value().get_array()) {
    if (!tag.is_string() || tag.get_string().empty() || tag.get_string().size() > kNameBytes)
      return fail(ErrorCode::kInvalidArgument, fmt::format("a tag is a text of 1 to {} bytes", kNameBytes),
                  "tags");
    tags.emplace_back(tag.get_string());
  }
  std::ranges::sort(tags);
  tags.erase(std::ranges::unique(tags).begin(), tags.end());
  if (tags.size() > kTags)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a case has at most {} tags", kTags), "tags");
  json::array kept;
  for (const std::string& tag : tags) kept.emplace_back(tag);
  found->value() = std::move(kept);
  return tags;
}

Result<> check_input(const json::object& fields) {
  const json::value* input = fields.if_contains("input");
  if (input == nullptr)
    return fail(ErrorCode::kInvalidArgument, "the input is missing or empty", "input",
                "A case needs an input: a text, messages, or variables by name.");
  if (!input->is_string() && !input->is_array() && !input->is_object())
    return fail(ErrorCode::kInvalidArgument, "must be a text, messages, or variables by name", "input");
  if (!input->is_array()) return {};
  for (const json::value& message : input->get_array()) {
    const json::object* object = message.if_object();
    const json::value* role = object == nullptr ? nullptr : object->if_contains("role");
    if (role == nullptr || !role->is_string())
      return fail(ErrorCode::kInvalidArgument, "messages are objects with a role and a content", "input");
  }
  return {};
}

}  // namespace

std::uint64_t id_hash(std::string_view id) {
  const Sha256 digest = sha256(id);
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

Result<Case> make_case(json::object fields, const CaseLimits& limits) {
  for (auto member = fields.begin(); member != fields.end();)
    member = is_empty(member->value()) ? fields.erase(member) : member + 1;
  SLIPWAY_TRY(check_members(fields));
  SLIPWAY_TRY(check_input(fields));
  Case out;
  SLIPWAY_ASSIGN(out.id, take_name(fields, "id", kIdBytes));
  SLIPWAY_ASSIGN(out.split, take_name(fields, "split", kNameBytes));
  SLIPWAY_TRY(take_name(fields, "cluster", kNameBytes));
  SLIPWAY_ASSIGN(out.tags, take_tags(fields));
  if (const json::value* metadata = fields.if_contains("metadata");
      metadata != nullptr && !metadata->is_object())
    return fail(ErrorCode::kInvalidArgument, "must be an object", "metadata");
  if (const json::value* provenance = fields.if_contains("provenance");
      provenance != nullptr && !provenance->is_object() && !provenance->is_string())
    return fail(ErrorCode::kInvalidArgument, "must be an object or a text", "provenance");
  out.named = !out.id.empty();
  if (!out.named) {
    out.id = hex(sha256(canonical_json(fields))).substr(0, kMadeIdDigits);
    fields["id"] = out.id;
  }
  out.line = canonical_json(fields);
  if (out.line.size() > limits.case_bytes)
    return fail(ErrorCode::kInvalidArgument, fmt::format("the case has {} bytes", out.line.size()), {},
                fmt::format("At most {} are kept of one (setting datasets.case_size).", limits.case_bytes));
  return out;
}

Result<Case> read_case(std::string_view line) {
  auto parsed = parse_json(line);
  const auto damaged = [] {
    return fail(ErrorCode::kDataLoss, "a stored case can't be read", {},
                "Restore the database from a backup; 'slipway doctor' tells more.");
  };
  if (!parsed || !parsed->is_object()) return damaged();
  Case out;
  out.line = line;
  out.named = true;
  const json::object& fields = parsed->get_object();
  const auto text = [&](std::string_view name) {
    const json::value* value = fields.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  out.id = text("id");
  out.split = text("split");
  if (out.id.empty()) return damaged();
  if (const json::value* tags = fields.if_contains("tags"); tags != nullptr && tags->is_array())
    for (const json::value& tag : tags->get_array())
      if (tag.is_string()) out.tags.emplace_back(tag.get_string());
  return out;
}

std::string text_of_input(const json::value& input) {
  if (input.is_string()) return std::string(input.get_string());
  if (!input.is_array()) return canonical_json(input);
  for (auto message = input.get_array().rbegin(); message != input.get_array().rend(); ++message) {
    if (!message->is_object()) continue;
    const json::value* content = message->get_object().if_contains("content");
    if (content == nullptr || content->is_null()) continue;
    return content->is_string() ? std::string(content->get_string()) : canonical_json(*content);
  }
  return canonical_json(input);
}

}  // namespace slipway::catalog
