// SPDX-License-Identifier: Apache-2.0
// A prompt's content, checked and made ready.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/text.h"
#include "llm/fields.h"
#include "llm/json_writer.h"
#include "llm/prompt.h"

namespace slipway::llm {

namespace {

constexpr std::size_t kVariableLimit = 100;
constexpr std::size_t kMessageLimit = 200;
constexpr std::size_t kVariantLimit = 20;
constexpr std::size_t kToolLimit = 128;
constexpr double kAllCalls = 100;  // percent
constexpr double kWeightUnits = 1000;
constexpr std::size_t kNameLimit = 100;
// These are the prompt's own business and not parameters.
constexpr std::array<std::string_view, 10> kNoParameters = {
    "model",     "messages", "tools", "response_format", "stream", "stream_options",
    "variables", "metadata", "user",  "functions"};
constexpr std::array<std::string_view, 4> kNeverTheCallers = {"model", "messages", "variables", "tools"};

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameLimit && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::optional<PromptVariable::Type> parse_type(std::string_view text) {
  using Type = PromptVariable::Type;
  for (const Type type :
       {Type::kString, Type::kNumber, Type::kInteger, Type::kBoolean, Type::kList, Type::kObject})
    if (to_string(type) == text) return type;
  return std::nullopt;
}

// Functions' names at OpenAI and Anthropic.
bool is_function_name(std::string_view name) { return is_variable_name(name) && name.size() <= 64; }

}  // namespace

class PromptCompiler {
 public:
  PromptCompiler(const json::object& prompt, const PromptParts& parts) : prompt_(prompt), parts_(parts) {}

  Result<PromptProgram> compile() {
    SLIPWAY_TRY(read_variables());
    SLIPWAY_TRY(read_partials());
    SLIPWAY_TRY(read_caller_parameters());
    SLIPWAY_TRY(read_tools());
    SLIPWAY_TRY(read_output());
    SLIPWAY_TRY(read_variants());
    return std::move(program_);
  }

 private:
  Result<> read_variables() {
    SLIPWAY_ASSIGN(const json::object* variables, optional_object(prompt_, "variables"));
    if (variables == nullptr) return {};
    if (variables->size() > kVariableLimit)
      return fail(ErrorCode::kResourceExhausted,
                  "a prompt has at most " + std::to_string(kVariableLimit) + " variables", "variables");
    for (const auto& [key, value] : *variables) {
      const std::string path = "variables." + ellipsize(key, kNameLimit);
      if (!is_variable_name(key)) return bad("a variable's name holds letters, digits, '_' and '-'", path);
      PromptVariable variable;
      variable.name = key;
      if (value.is_object())
        SLIPWAY_TRY(read_variable(value.get_object(), path, variable));
      else if (value.is_null())
        variable.required = true;
      else
        return bad("a variable must be an object, as in {type: string, max_length: 2000}", path);
      program_.variables_.push_back(std::move(variable));
    }
    return {};
  }

  static Result<> read_variable(const json::object& from, const std::string& path, PromptVariable& to) {
    SLIPWAY_ASSIGN(const auto type_name, optional_string(from, "type", path));
    const auto type = parse_type(type_name.value_or("string"));
    if (!type)
      return bad("there is no type '" + ellipsize(*type_name, 40) + "'", path + ".type",
                 "Use string, number, integer, boolean, list or object.");
    to.type = *type;
    SLIPWAY_ASSIGN(const auto length, optional_integer(from, "max_length", path));
    if (length) {
      if (*length < 1) return bad("max_length must be at least 1", path + ".max_length");
      to.max_length = static_cast<std::size_t>(*length);
    }
    SLIPWAY_ASSIGN(const auto description, optional_string(from, "description", path));
    to.description = description.value_or("");
    SLIPWAY_ASSIGN(const json::array* values, optional_array(from, "values", path));
    if (values != nullptr) to.values.assign(values->begin(), values->end());
    SLIPWAY_ASSIGN(to.minimum, optional_number(from, "minimum", path));
    SLIPWAY_ASSIGN(to.maximum, optional_number(from, "maximum", path));
    if (const json::value* fallback = from.if_contains("default");
        fallback != nullptr && !fallback->is_null()) {
      SLIPWAY_TRY(check_variable(to, *fallback, path + ".default"));
      to.fallback = *fallback;
    }
    SLIPWAY_ASSIGN(const auto required, optional_bool(from, "required", path));
    to.required = required.value_or(!to.fallback);
    return {};
  }

  Result<> read_partials() {
    SLIPWAY_ASSIGN(const json::object* partials, optional_object(prompt_, "partials"));
    if (partials == nullptr) return {};
    for (const auto& [key, value] : *partials) {
      const std::string path = "partials." + ellipsize(key, kNameLimit);
      if (!value.is_string()) return bad("a partial must be a text", path);
      partial_names_.emplace(key);
    }
    for (const auto& [key, value] : *partials) {
      const std::string path = "partials." + ellipsize(key, kNameLimit);
      SLIPWAY_ASSIGN(Template made, compile_text(view_of(value.get_string()), path, Template::Use::kPartial));
      program_.partials_.emplace(key, std::move(made));
    }
    return {};
  }

  Result<> read_caller_parameters() {
    SLIPWAY_ASSIGN(const json::array* names, optional_array(prompt_, "caller_parameters"));
    if (names == nullptr) return {};
    for (std::size_t i = 0; i < names->size(); ++i) {
      const std::string path = indexed("caller_parameters", i);
      if (!(*names)[i].is_string()) return bad("must be a parameter's name", path);
      const std::string name((*names)[i].get_string());
      if (std::ranges::find(kNeverTheCallers, name) != kNeverTheCallers.end())
        return bad("'" + name + "' can't be left to callers", path);
      program_.caller_parameters_.push_back(name);
    }
    return {};
  }

  Result<> read_tools() {
    SLIPWAY_ASSIGN(const json::array* tools, optional_array(prompt_, "tools"));
    if (tools == nullptr || tools->empty()) return {};
    if (tools->size() > kToolLimit)
      return fail(ErrorCode::kResourceExhausted,
                  "a prompt has at most " + std::to_string(kToolLimit) + " tools", "tools");
    JsonWriter writer(program_.tools_);
    std::set<std::string, std::less<>> names;
    writer.begin_array();
    for (std::size_t i = 0; i < tools->size(); ++i) {
      const std::string path = indexed("tools", i);
      if (!(*tools)[i].is_string()) return bad("must be the name of a tool", path);
      const std::string reference((*tools)[i].get_string());
      const auto found = parts_.tools.find(reference);
      if (found == parts_.tools.end())
        return bad("there is no tool '" + ellipsize(reference, 100) + "'", path, "Push it first.");
      const std::string name = reference.substr(reference.rfind('/') + 1);
      if (!is_function_name(name))
        return bad("'" + ellipsize(name, 100) + "' can't be the name of a function", path,
                   "Providers take up to 64 letters, digits, '_' and '-'.");
      if (!names.insert(name).second) return bad("two tools have the name '" + name + "'", path);
      SLIPWAY_TRY(write_tool(writer, name, found->second, path));
    }
    writer.end_array();
    return {};
  }

  static Result<> write_tool(JsonWriter& writer, const std::string& name, const json::object& tool,
                             const std::string& path) {
    SLIPWAY_ASSIGN(const auto description, optional_string(tool, "description", path));
    SLIPWAY_ASSIGN(const json::object* schema, optional_object(tool, "parameters", path));
    SLIPWAY_ASSIGN(const auto strict, optional_bool(tool, "strict", path));
    writer.begin_object();
    writer.member("type", "function");
    writer.key("function");
    writer.begin_object();
    writer.member("name", name);
    writer.nonempty_member("description", description.value_or(""));
    if (schema != nullptr) writer.member("parameters", *schema);
    if (strict) writer.member("strict", *strict);
    writer.end_object();
    writer.end_object();
    return {};
  }

  Result<> read_output() {
    SLIPWAY_ASSIGN(const json::object* output, optional_object(prompt_, "output"));
    if (output == nullptr) return {};
    SLIPWAY_ASSIGN(const auto name, optional_string(*output, "name", "output"));
    SLIPWAY_ASSIGN(const auto description, optional_string(*output, "description", "output"));
    SLIPWAY_ASSIGN(const auto strict, optional_bool(*output, "strict", "output"));
    SLIPWAY_ASSIGN(const json::object* schema, optional_object(*output, "schema", "output"));
    if (schema == nullptr) return bad("an output needs a schema", "output.schema");
    if (name && !is_function_name(*name))
      return bad("an output's name holds up to 64 letters, digits, '_' and '-'", "output.name");
    JsonWriter writer(program_.response_format_);
    writer.begin_object();
    writer.member("type", "json_schema");
    writer.key("json_schema");
    writer.begin_object();
    writer.member("name", name.value_or("answer"));
    writer.nonempty_member("description", description.value_or(""));
    writer.member("schema", *schema);
    writer.member("strict", strict.value_or(true));
    writer.end_object();
    writer.end_object();
    return {};
  }

  // Weights are percent of the calls; what they leave goes to the prompt itself.
  Result<> read_variants() {
    SLIPWAY_TRY(add_variant(nullptr, ""));
    SLIPWAY_ASSIGN(const json::array* variants, optional_array(prompt_, "variants"));
    if (variants != nullptr && variants->size() > kVariantLimit)
      return fail(ErrorCode::kResourceExhausted,
                  "a prompt has at most " + std::to_string(kVariantLimit) + " variants", "variants");
    for (std::size_t i = 0; variants != nullptr && i < variants->size(); ++i) {
      const std::string path = indexed("variants", i);
      if (!(*variants)[i].is_object()) return bad("a variant must be an object", path);
      SLIPWAY_TRY(add_variant(&(*variants)[i].get_object(), path));
    }
    std::uint64_t taken = 0;
    for (const auto& variant : program_.variants_) taken += variant.weight;
    constexpr auto kAll = static_cast<std::uint64_t>(kAllCalls * kWeightUnits);
    if (taken > kAll) return bad("the weights add up to more than 100 percent", "variants");
    program_.variants_.front().weight = kAll - taken;
    return {};
  }

  // A variant's own field, else the prompt's; tells where it stands.
  const json::value* field(const json::object* variant, const std::string& variant_path,
                           std::string_view name, std::string& path) const {
    const json::value* own = variant == nullptr ? nullptr : variant->if_contains(name);
    if (own != nullptr && own->is_null()) own = nullptr;
    path = own == nullptr ? std::string(name) : variant_path + "." + std::string(name);
    return own == nullptr ? prompt_.if_contains(name) : own;
  }

  Result<> add_variant(const json::object* own, const std::string& path) {
    PromptProgram::Variant variant;
    if (own != nullptr) {
      SLIPWAY_ASSIGN(variant.name, require_string(*own, "name", path));
      if (!is_variable_name(variant.name))
        return bad("a variant's name holds letters, digits, '_' and '-'", path + ".name");
      if (program_.find_variant(variant.name))
        return bad("two variants have the name '" + variant.name + "'", path + ".name");
      SLIPWAY_ASSIGN(const auto weight, optional_number(*own, "weight", path));
      if (!weight || !(*weight >= 0) || *weight > kAllCalls)
        return bad("a weight lies between 0 and 100, percent of the calls", path + ".weight");
      variant.weight = static_cast<std::uint64_t>(std::llround(*weight * kWeightUnits));
    }
    SLIPWAY_TRY(read_messages(own, path, variant));
    SLIPWAY_TRY(read_model(own, path, variant));
    program_.variants_.push_back(std::move(variant));
    return {};
  }

  Result<> read_model(const json::object* own, const std::string& variant_path,
                      PromptProgram::Variant& variant) const {
    std::map<std::string, json::value> parameters;
    std::string path;
    const json::value* reference = field(own, variant_path, "model", path);
    if (reference != nullptr && !reference->is_null()) {
      if (!reference->is_string()) return bad("must be the name of a model", path);
      const auto model = parts_.models.find(view_of(reference->get_string()));
      if (model != parts_.models.end()) {
        SLIPWAY_TRY(read_targets(model->second, path, variant.targets));
        SLIPWAY_TRY(merge_parameters(model->second, path, parameters));
      }
    }
    SLIPWAY_TRY(merge_parameters(prompt_, "", parameters));
    if (own != nullptr) SLIPWAY_TRY(merge_parameters(*own, variant_path, parameters));
    for (const auto& [name, value] : parameters) variant.parameters.emplace_back(name, to_json_text(value));
    return {};
  }

  static Result<> read_targets(const json::object& model, const std::string& path,
                               std::vector<ModelTarget>& targets) {
    const auto add = [&](const json::object& from, const std::string& where) -> Result<> {
      ModelTarget target;
      SLIPWAY_ASSIGN(target.connection, require_string(from, "connection", where));
      SLIPWAY_ASSIGN(target.model, require_string(from, "model", where));
      targets.push_back(std::move(target));
      return {};
    };
    SLIPWAY_TRY(add(model, path));
    SLIPWAY_ASSIGN(const json::array* fallbacks, optional_array(model, "fallbacks", path));
    for (std::size_t i = 0; fallbacks != nullptr && i < fallbacks->size(); ++i) {
      const std::string where = indexed(path + ".fallbacks", i);
      if (!(*fallbacks)[i].is_object()) return bad("a fallback must be an object", where);
      SLIPWAY_TRY(add((*fallbacks)[i].get_object(), where));
    }
    return {};
  }

  static Result<> merge_parameters(const json::object& from, const std::string& path,
                                   std::map<std::string, json::value>& into) {
    SLIPWAY_ASSIGN(const json::object* own, optional_object(from, "parameters", path));
    if (own == nullptr) return {};
    const std::string here = path.empty() ? "parameters" : path + ".parameters";
    SLIPWAY_ASSIGN(const json::object* extra, optional_object(*own, "extra", here));
    for (const auto& [key, value] : *own)
      if (key != "extra") SLIPWAY_TRY(merge_parameter(key, value, here, into));
    if (extra == nullptr) return {};
    for (const auto& [key, value] : *extra) SLIPWAY_TRY(merge_parameter(key, value, here + ".extra", into));
    return {};
  }

  static Result<> merge_parameter(std::string_view name, const json::value& value, const std::string& path,
                                  std::map<std::string, json::value>& into) {
    if (std::ranges::find(kNoParameters, name) != kNoParameters.end())
      return bad("'" + std::string(name) + "' is not a parameter", path + "." + std::string(name));
    // Two names of one limit.
    if (name == "max_tokens") into.erase("max_completion_tokens");
    if (name == "max_completion_tokens") into.erase("max_tokens");
    if (value.is_null())
      into.erase(std::string(name));
    else
      into[std::string(name)] = value;
    return {};
  }

  // Messages in their order, the examples behind the first instructions, the caller's messages where they
  // are wanted or last.
  Result<> read_messages(const json::object* own, const std::string& variant_path,
                         PromptProgram::Variant& variant) {
    std::string path;
    const json::value* messages = field(own, variant_path, "messages", path);
    if (messages == nullptr || !messages->is_array() || messages->get_array().empty())
      return bad("a prompt needs a list of messages", path,
                 "As in messages: [{role: system, content: \"…\"}].");
    if (messages->get_array().size() > kMessageLimit)
      return fail(ErrorCode::kResourceExhausted,
                  "a prompt has at most " + std::to_string(kMessageLimit) + " messages", path);
    std::size_t leading = 0;
    bool placeholder = false;
    for (std::size_t i = 0; i < messages->get_array().size(); ++i) {
      SLIPWAY_ASSIGN(PromptProgram::Item item, read_message(messages->get_array()[i], indexed(path, i)));
      if (item.placeholder && std::exchange(placeholder, true))
        return bad("the caller's messages can stand in one place only", indexed(path, i));
      if (item.role == "system" && leading == i) leading = i + 1;
      variant.items.push_back(std::move(item));
    }
    if (!placeholder) variant.items.emplace_back().placeholder = true;
    return read_examples(own, variant_path, leading, variant);
  }

  Result<PromptProgram::Item> read_message(const json::value& value, const std::string& path) const {
    if (!value.is_object()) return bad("a message must be an object", path);
    const json::object& message = value.get_object();
    PromptProgram::Item item;
    if (message.contains("placeholder")) {
      SLIPWAY_ASSIGN(const std::string what, require_string(message, "placeholder", path));
      if (what != "messages")
        return bad("the only placeholder is 'messages', the caller's", path + ".placeholder");
      item.placeholder = true;
      return item;
    }
    SLIPWAY_ASSIGN(item.role, require_string(message, "role", path));
    if (item.role != "system" && item.role != "user" && item.role != "assistant")
      return bad("there is no role '" + ellipsize(item.role, 40) + "' in a prompt", path + ".role",
                 "Use system, user or assistant.");
    SLIPWAY_ASSIGN(const std::string content, require_string(message, "content", path));
    SLIPWAY_ASSIGN(item.content, compile_text(content, path + ".content", Template::Use::kWhole));
    return item;
  }

  Result<> read_examples(const json::object* own, const std::string& variant_path, std::size_t at,
                         PromptProgram::Variant& variant) {
    std::string path;
    const json::value* examples = field(own, variant_path, "examples", path);
    if (examples == nullptr || examples->is_null()) return {};
    if (!examples->is_array()) return bad("examples must be a list", path);
    if (examples->get_array().size() > kMessageLimit)
      return fail(ErrorCode::kResourceExhausted,
                  "a prompt has at most " + std::to_string(kMessageLimit) + " examples", path);
    std::vector<PromptProgram::Item> items;
    for (std::size_t i = 0; i < examples->get_array().size(); ++i) {
      const std::string where = indexed(path, i);
      const json::value& value = examples->get_array()[i];
      if (!value.is_object())
        return bad("an example must be an object, as in {user: …, assistant: …}", where);
      for (const char* const role : {"user", "assistant"}) {
        SLIPWAY_ASSIGN(const std::string text, require_string(value.get_object(), role, where));
        PromptProgram::Item& item = items.emplace_back();
        item.role = role;
        item.content = Template::of_text(text);
      }
    }
    variant.items.insert(variant.items.begin() + static_cast<std::ptrdiff_t>(at),
                         std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
    return {};
  }

  Result<Template> compile_text(std::string_view text, const std::string& path, Template::Use use) const {
    auto made = Template::compile(text, use);
    if (!made) {
      Error error = std::move(made).error();
      if (!error.where.empty()) error.message = "at " + error.where + ", " + error.message;
      error.where = path;
      return fail(std::move(error));
    }
    for (const std::string& name : made->partials())
      if (!partial_names_.contains(name))
        return bad("there is no partial '" + ellipsize(name, 60) + "'", path,
                   "Write its text under `partials` in the prompt.");
    // A partial's names depend on where it is used.
    if (use == Template::Use::kWhole) {
      for (const TemplateName& name : made->names()) SLIPWAY_TRY(check_name(name, path));
    }
    return made;
  }

  // A name must be a variable, or may be a field of the list's or object's section it stands in.
  Result<> check_name(const TemplateName& name, const std::string& path) const {
    const auto is_structure = [this](const std::string& first) {
      const PromptVariable* variable = program_.find_variable(first);
      return variable == nullptr || variable->type == PromptVariable::Type::kList ||
             variable->type == PromptVariable::Type::kObject;
    };
    if (std::ranges::any_of(name.enclosing, is_structure)) return {};
    if (program_.find_variable(name.first) != nullptr) return {};
    if (name.first.empty() && !name.enclosing.empty()) return {};
    std::vector<std::string> known;
    for (const PromptVariable& variable : program_.variables_) known.push_back(variable.name);
    const auto close = nearest(name.first, known);
    return bad("at " + std::to_string(name.line) + ":" + std::to_string(name.column) + ", '" +
                   ellipsize(name.name, 60) + "' is not among the prompt's variables",
               path, close ? "Did you mean '" + *close + "'?" : "Declare it under `variables`.");
  }

  const json::object& prompt_;
  const PromptParts& parts_;
  std::set<std::string, std::less<>> partial_names_;
  PromptProgram program_;
};

PromptReferences references_of_prompt(const json::object& prompt) {
  PromptReferences found;
  const auto add = [](std::vector<std::string>& to, const json::value* value) {
    if (value == nullptr || !value->is_string()) return;
    const std::string_view text = view_of(value->get_string());
    if (std::ranges::find(to, text) == to.end()) to.emplace_back(text);
  };
  add(found.models, prompt.if_contains("model"));
  if (const json::value* tools = prompt.if_contains("tools"); tools != nullptr && tools->is_array())
    for (const json::value& tool : tools->get_array()) add(found.tools, &tool);
  if (const json::value* variants = prompt.if_contains("variants");
      variants != nullptr && variants->is_array())
    for (const json::value& variant : variants->get_array())
      if (variant.is_object()) add(found.models, variant.get_object().if_contains("model"));
  return found;
}

std::string full_asset_name(std::string_view owner, std::string_view kind, std::string_view reference) {
  if (reference.find('/') != std::string_view::npos) return std::string(reference);
  return std::string(owner) + "/" + std::string(kind) + "/" + std::string(reference);
}

Result<PromptProgram> PromptProgram::compile(const json::object& prompt, const PromptParts& parts) {
  return PromptCompiler(prompt, parts).compile();
}

}  // namespace slipway::llm
