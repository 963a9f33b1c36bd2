// SPDX-License-Identifier: Apache-2.0
// Settings by name, and the YAML script.
#include <re2/re2.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <functional>

#include "base/text.h"
#include "llm/json_writer.h"
#include "llm/simulated.h"

namespace slipway::llm {

namespace {

std::string normalised(std::string_view name) {
  std::string out = to_lower(trim(name));
  for (char& c : out)
    if (c == '_') c = '-';
  return out;
}

std::unexpected<Error> bad_setting(std::string_view name, std::string_view wants) {
  return fail(ErrorCode::kInvalidArgument,
              "simulate: " + std::string(name) + " must be " + std::string(wants), std::string(name));
}

Result<> set_count(std::int64_t& into, std::string_view name, std::string_view value) {
  const auto number = parse_integer<std::int64_t>(value);
  if (!number || *number < 0 || *number > 1'000'000'000) return bad_setting(name, "a whole number");
  into = *number;
  return {};
}

struct CountSetting {
  std::string_view name;
  std::int64_t Simulation::* field;
};
constexpr CountSetting kCounts[] = {
    {"first-token-ms", &Simulation::first_token_ms},
    {"jitter-ms", &Simulation::jitter_ms},
    {"slow-headers-ms", &Simulation::slow_headers_ms},
    {"retry-after", &Simulation::retry_after_s},
    {"stall-after", &Simulation::stall_after},
    {"cut-after", &Simulation::cut_after},
    {"malformed-after", &Simulation::malformed_after},
    {"error-after", &Simulation::error_after},
    {"cached-tokens", &Simulation::cached_tokens},
    {"cache-write-tokens", &Simulation::cache_write_tokens},
    {"piece-bytes", &Simulation::piece_bytes},
    {"every", &Simulation::every},
};
struct FlagSetting {
  std::string_view name;
  bool Simulation::* field;
};
constexpr FlagSetting kFlags[] = {
    {"truncate-json", &Simulation::truncate_json},
    {"no-done", &Simulation::no_done},
};

}  // namespace

Result<> set_simulation(Simulation& simulation, std::string_view raw_name, std::string_view raw_value) {
  const std::string name = normalised(raw_name);
  const std::string_view value = trim(raw_value);
  for (const CountSetting& setting : kCounts) {
    if (setting.name != name) continue;
    SLIPWAY_TRY(set_count(simulation.*setting.field, name, value));
    if (name == "every" && simulation.every < 1) return bad_setting(name, "at least 1");
    return {};
  }
  for (const FlagSetting& setting : kFlags) {
    if (setting.name != name) continue;
    if (value != "" && value != "true" && value != "1" && value != "false" && value != "0")
      return bad_setting(name, "true or false");
    simulation.*setting.field = value != "false" && value != "0";
    return {};
  }
  if (name == "status") {
    const auto status = parse_integer<int>(value);
    if (!status || *status < 200 || *status > 599) return bad_setting(name, "an HTTP status from 200 to 599");
    simulation.status = *status;
  } else if (name == "tokens-per-second") {
    double rate = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rate);
    if (error != std::errc{} || end != value.data() + value.size() || !(rate >= 0 && rate <= 1e9))
      return bad_setting(name, "a number, 0 for as fast as possible");
    simulation.tokens_per_second = rate;
  } else if (name == "message") {
    simulation.message = value;
  } else if (name == "content-type") {
    simulation.content_type = value;
  } else if (name == "usage") {
    if (value != "normal" && value != "missing" && value != "null")
      return bad_setting(name, "normal, missing or null");
    simulation.usage = value == "normal" ? std::string_view() : value;
  } else if (name.starts_with("header-") && name.size() > 7) {
    if (value.find_first_of("\r\n") != std::string_view::npos) return bad_setting(name, "one line");
    simulation.headers.emplace_back(name.substr(7), value);
  } else {
    const std::vector<std::string> names = simulation_settings();
    const auto near = nearest(name, names);
    return fail(ErrorCode::kInvalidArgument, "simulate: there is no setting '" + name + "'", name,
                near ? "did you mean '" + *near + "'?" : "see simulation settings in the manual");
  }
  return {};
}

std::vector<std::string> simulation_settings() {
  std::vector<std::string> names = {"status", "tokens-per-second", "message", "content-type",
                                    "usage",  "header-<name>"};
  for (const CountSetting& setting : kCounts) names.emplace_back(setting.name);
  for (const FlagSetting& setting : kFlags) names.emplace_back(setting.name);
  return names;
}

namespace {

class ScriptReader {
 public:
  ScriptReader(std::string_view name, SimulatedOptions& options) : name_(name), options_(options) {}

  Result<> read(const YAML::Node& root) {
    if (root.IsNull()) return {};
    if (!root.IsMap()) return bad(root, "a script must be a map of settings");
    for (const auto& item : root) {
      const auto key = item.first.as<std::string>();
      const YAML::Node& value = item.second;
      if (key == "seed") {
        const auto seed = value.IsScalar() ? parse_integer<std::uint64_t>(value.Scalar()) : std::nullopt;
        if (!seed) return bad(value, "seed must be a whole number");
        options_.seed = *seed;
      } else if (key == "embedding_dimensions") {
        const auto count = value.IsScalar() ? parse_integer<std::size_t>(value.Scalar()) : std::nullopt;
        if (!count || *count < 1 || *count > 8192)
          return bad(value, "embedding_dimensions must be from 1 to 8192");
        options_.embedding_dimensions = *count;
      } else if (key == "models") {
        if (!value.IsSequence()) return bad(value, "models must be a list of names");
        options_.models.clear();
        for (const auto& model : value) {
          if (!model.IsScalar()) return bad(model, "models must be a list of names");
          options_.models.push_back(model.Scalar());
        }
      } else if (key == "rules") {
        if (!value.IsSequence()) return bad(value, "rules must be a list");
        if (value.size() > 10'000) return bad(value, "at most 10,000 rules");
        for (const auto& rule : value) SLIPWAY_TRY(read_rule(rule));
      } else {
        SLIPWAY_TRY(read_setting(item.first, key, value, [this](std::string_view n, std::string_view v) {
          return set_simulation(options_.defaults, n, v);
        }));
      }
    }
    return {};
  }

 private:
  using Setter = std::function<Result<>(std::string_view, std::string_view)>;

  Result<> read_setting(const YAML::Node& at, const std::string& key, const YAML::Node& value,
                        const Setter& set) {
    if (key == "headers") {
      if (!value.IsMap()) return bad(value, "headers must be a map");
      for (const auto& header : value)
        SLIPWAY_TRY(
            read_setting(header.first, "header-" + header.first.as<std::string>(), header.second, set));
      return {};
    }
    if (!value.IsScalar() && !value.IsNull()) return bad(value, key + " must be a single value");
    if (auto done = set(key, value.IsNull() ? std::string() : value.Scalar()); !done) {
      Error error = std::move(done).error();
      error.where = where(at);
      return fail(std::move(error));
    }
    return {};
  }

  Result<> read_rule(const YAML::Node& node) {
    if (!node.IsMap()) return bad(node, "a rule must be a map");
    SimulatedRule rule;
    const auto text = [this](const YAML::Node& value, std::string& into) -> Result<> {
      if (!value.IsScalar()) return bad(value, "must be a text");
      into = value.Scalar();
      return {};
    };
    Simulation probe;
    const Setter set = [&](std::string_view name, std::string_view value) -> Result<> {
      SLIPWAY_TRY(set_simulation(probe, name, value));
      rule.settings.emplace_back(name, value);
      return {};
    };
    for (const auto& item : node) {
      const auto key = item.first.as<std::string>();
      const YAML::Node& value = item.second;
      if (key == "name") {
        SLIPWAY_TRY(text(value, rule.name));
      } else if (key == "match") {
        SLIPWAY_TRY(read_match(value, rule));
      } else if (key == "reply") {
        SLIPWAY_TRY(text(value, rule.reply));
      } else if (key == "reasoning") {
        SLIPWAY_TRY(text(value, rule.reasoning));
      } else if (key == "stop") {
        SLIPWAY_TRY(text(value, rule.stop));
        if (rule.stop != "stop" && rule.stop != "length" && rule.stop != "content_filter" &&
            rule.stop != "refusal")
          return bad(value, "stop must be stop, length, content_filter or refusal");
      } else if (key == "tool_calls") {
        SLIPWAY_TRY(read_tool_calls(value, rule));
      } else if (key == "fault") {
        if (!value.IsMap()) return bad(value, "fault must be a map of settings");
        for (const auto& setting : value)
          SLIPWAY_TRY(read_setting(setting.first, setting.first.as<std::string>(), setting.second, set));
      } else {
        SLIPWAY_TRY(read_setting(item.first, key, value, set));
      }
    }
    options_.rules.push_back(std::move(rule));
    return {};
  }

  Result<> read_match(const YAML::Node& node, SimulatedRule& rule) {
    if (!node.IsMap()) return bad(node, "match must be a map of contains, regex, model or tool_result");
    for (const auto& item : node) {
      const auto key = item.first.as<std::string>();
      if (!item.second.IsScalar()) return bad(item.second, "match." + key + " must be a single value");
      const std::string& value = item.second.Scalar();
      if (key == "contains") {
        rule.contains = to_lower(value);
      } else if (key == "model") {
        rule.model = value;
      } else if (key == "tool_result") {
        rule.tool_result = value == "true";
      } else if (key == "regex") {
        RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(1 << 20);
        auto regex = std::make_shared<const RE2>(value, options);
        if (!regex->ok()) return bad(item.second, "the regex is not valid: " + regex->error());
        rule.regex = std::move(regex);
      } else {
        return bad(item.first, "match knows contains, regex, model and tool_result, not '" + key + "'");
      }
    }
    return {};
  }

  Result<> read_tool_calls(const YAML::Node& node, SimulatedRule& rule) {
    if (!node.IsSequence()) return bad(node, "tool_calls must be a list");
    for (const auto& call : node) {
      if (!call.IsMap() || !call["name"] || !call["name"].IsScalar())
        return bad(call, "a tool call needs a name");
      SimulatedToolCall out;
      out.name = call["name"].Scalar();
      const YAML::Node arguments = call["arguments"];
      if (!arguments.IsDefined()) {
        out.arguments = "{}";
      } else if (arguments.IsScalar()) {
        out.arguments = arguments.Scalar();  // JSON text, possibly broken on purpose
      } else {
        JsonWriter writer(out.arguments);
        write_json(writer, arguments);
      }
      rule.tool_calls.push_back(std::move(out));
    }
    return {};
  }

  static void write_json(JsonWriter& out, const YAML::Node& node) {
    if (node.IsMap()) {
      out.begin_object();
      for (const auto& item : node) {
        out.key(item.first.as<std::string>());
        write_json(out, item.second);
      }
      out.end_object();
    } else if (node.IsSequence()) {
      out.begin_array();
      for (const auto& element : node) write_json(out, element);
      out.end_array();
    } else if (node.IsNull()) {
      out.null();
    } else {
      // Quoted scalars are strings ("!" is their tag); plain ones are what they look like in JSON.
      const std::string& text = node.Scalar();
      const auto plain =
          node.Tag() == "!" ? Result<json::value>(fail(ErrorCode::kInvalidArgument, "")) : parse_json(text);
      if (plain && !plain->is_string())
        out.raw(text);
      else
        out.string(text);
    }
  }

  std::string where(const YAML::Node& at) const { return name_ + ":" + std::to_string(at.Mark().line + 1); }
  std::unexpected<Error> bad(const YAML::Node& at, std::string message) const {
    return fail(ErrorCode::kInvalidArgument, std::move(message), where(at));
  }

  std::string name_;
  SimulatedOptions& options_;
};

}  // namespace

Result<SimulatedOptions> parse_simulated_script(std::string_view yaml, std::string_view name,
                                                SimulatedOptions options) {
  try {
    SLIPWAY_TRY(ScriptReader(name, options).read(YAML::Load(std::string(yaml))));
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalidArgument, "not valid YAML: " + error.msg,
                std::string(name) + ":" + std::to_string(error.mark.line + 1));
  }
  return options;
}

}  // namespace slipway::llm
