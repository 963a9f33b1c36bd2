// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <set>

#include "base/text.h"

namespace slipway {
namespace {

std::string quoted(std::string_view text) { return "\"" + ellipsize(to_valid_utf8(text), 80) + "\""; }

std::string variable_name(std::string_view setting) {
  std::string name = "SLIPWAY_";
  for (const char c : setting)
    name.push_back(c == '.' || c == '-' ? '_'
                                        : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c));
  return name;
}

// Comparing is quadratic in the length, and nobody mistypes a name of hundreds of characters.
std::optional<std::string> near_name(std::string_view word, std::span<const std::string> names) {
  return word.size() > 100 ? std::nullopt : nearest(word, names);
}

Result<> wrong(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), {}, std::move(hint));
}

Result<std::string_view> scalar_of(const YamlNode& node) {
  if (node.is_scalar()) return std::string_view(node.scalar);
  return fail(ErrorCode::kInvalidArgument, "needs a single value, but is " + std::string(node.kind_name()));
}

std::string join(std::span<const std::string> words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

std::string_view to_string(SettingType type) {
  switch (type) {
    case SettingType::kBool: return "true or false";
    case SettingType::kInteger: return "integer";
    case SettingType::kString: return "text";
    case SettingType::kDuration: return "duration";
    case SettingType::kSize: return "size";
    case SettingType::kEnum: return "choice";
    case SettingType::kList: return "list";
    case SettingType::kSecret: return "secret";
    case SettingType::kRaw: return "YAML";
    case SettingType::kNamed: return "named groups";
  }
  return "unknown";
}

std::string SettingsReport::describe() const {
  std::string out;
  for (const Error& problem : problems) out += (out.empty() ? "" : "\n") + problem.describe();
  return out;
}

std::string SettingsReport::source_of(const std::string& name) const {
  const auto place = places.find(name);
  return place == places.end() ? "default" : place->second;
}

// What one load() carries along: where we are, what is wrong so far, who set what.
struct SettingsSchema::Loader {
  const std::map<std::string, std::string, std::less<>>& environment;
  std::string file_name;
  SettingsReport report;
  std::map<std::string, std::string> sources;  // setting → where its value came from

  void problem(Error error) {
    // A file of nonsense should not print pages.
    if (report.problems.size() < 50) report.problems.push_back(std::move(error));
  }
  [[nodiscard]] std::string at(std::uint32_t line, std::uint32_t column) const {
    return file_name + ":" + std::to_string(line) + ":" + std::to_string(column);
  }

  void set(Entry& entry, const std::string& full_name, const YamlNode& node, const std::string& source) {
    if (auto result = entry.apply(node, *this); !result) {
      Error error = std::move(result).error();
      error.message = full_name + ": " + error.message;
      error.where = source;
      problem(std::move(error));
      return;
    }
    sources[full_name] = source;
  }

  // What a wrong name probably meant: a sibling, or a setting elsewhere whose last word it is.
  static std::string suggest(const SettingsSchema& schema, const std::string& prefix,
                             const std::string& local) {
    std::vector<std::string> names;
    for (const Entry& entry : schema.entries_) {
      names.push_back(entry.info.name);
      for (std::size_t dot = entry.info.name.find('.'); dot != std::string::npos;
           dot = entry.info.name.find('.', dot + 1))
        names.push_back(entry.info.name.substr(0, dot));
    }
    if (const auto near = near_name(local, names)) return "did you mean " + prefix + *near + "?";
    const std::size_t dot = local.rfind('.');
    const std::string last = dot == std::string::npos ? local : local.substr(dot + 1);
    for (const std::string& name : names)
      if (name.ends_with("." + last)) return "did you mean " + prefix + name + "?";
    return "slipway config reference lists every setting";
  }

  void unknown(const SettingsSchema& schema, const std::string& prefix, const std::string& local,
               std::string where) {
    problem({ErrorCode::kInvalidArgument, "there is no setting " + quoted(prefix + local), std::move(where),
             suggest(schema, prefix, local)});
  }

  // Walks a map of the file. `group` is the dotted path inside `schema`, `prefix` what leads to the schema.
  void read(SettingsSchema& schema, const YamlNode& map, const std::string& prefix,
            const std::string& group) {
    for (const YamlNode::Member& member : map.members) {
      const std::string local = group + member.key;
      const std::string where = at(member.line, member.column);
      if (Entry* entry = schema.find(local)) {
        if (entry->info.type == SettingType::kNamed)
          read_named(*entry, member, prefix + local);
        else
          set(*entry, prefix + local, member.value,
              member.value.line != 0 && !member.value.is_null() ? at(member.value.line, member.value.column)
                                                                : where);
      } else if (schema.has_group(local)) {
        if (member.value.is_map())
          read(schema, member.value, prefix, local + ".");
        else if (!member.value.is_null())
          problem({ErrorCode::kInvalidArgument,
                   prefix + local + " is a group of settings, but here is " +
                       std::string(member.value.kind_name()),
                   where, "write its settings below it, indented"});
      } else {
        unknown(schema, prefix, local, where);
      }
    }
  }

  void read_named(Entry& entry, const YamlNode::Member& member, const std::string& full_name) {
    if (member.value.is_null()) return;
    if (!member.value.is_map()) {
      problem({ErrorCode::kInvalidArgument,
               full_name + " must be a map of names, but is " + std::string(member.value.kind_name()),
               at(member.line, member.column), "write \"a-name:\" below it, and the settings below that"});
      return;
    }
    entry.clear();
    for (const YamlNode::Member& element : member.value.members) {
      const std::string where = at(element.line, element.column);
      if (!check_name(element.key, full_name, where)) continue;
      SettingsSchema schema = entry.open(element.key);
      sources[full_name + "." + element.key] = where;
      if (element.value.is_map())
        read(schema, element.value, full_name + "." + element.key + ".", "");
      else if (!element.value.is_null())
        problem({ErrorCode::kInvalidArgument,
                 full_name + "." + element.key + " is a group of settings, but here is " +
                     std::string(element.value.kind_name()),
                 where, "write its settings below it, indented"});
    }
  }

  bool check_name(std::string_view name, const std::string& group, const std::string& where) {
    bool good = !name.empty() && name.size() <= 128 && is_valid_utf8(name);
    for (const char c : name)
      if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\x7f') good = false;
    if (!good)
      problem({ErrorCode::kInvalidArgument, quoted(name) + " can't be a name in " + group, where,
               "use 1 to 128 characters without spaces, quotes and control characters"});
    return good;
  }

  void read_environment(SettingsSchema& schema) {
    for (const auto& [variable, value] : environment) {
      if (!variable.starts_with("SLIPWAY_")) continue;
      bool known = false;
      for (Entry& entry : schema.entries_) {
        if (entry.info.type != SettingType::kNamed) {
          if (variable != variable_name(entry.info.name)) continue;
          known = true;
          set(entry, entry.info.name, text_node(value), variable);
          break;
        }
        // SLIPWAY_CONNECTIONS_OPENAI_API_KEY: the element's name is what stands between group and setting.
        const std::string start = variable_name(entry.info.name) + "_";
        if (!variable.starts_with(start)) continue;
        known = read_named_variable(entry, variable, start, value);
        break;
      }
      if (!known && !kForeign.contains(variable)) {
        std::vector<std::string> names;
        for (const Entry& entry : schema.entries_) names.push_back(variable_name(entry.info.name));
        const auto near = near_name(variable, names);
        report.warnings.push_back("the environment variable " + variable + " names no setting" +
                                  (near ? "; did you mean " + *near + "?" : ""));
      }
    }
  }

  bool read_named_variable(Entry& entry, const std::string& variable, const std::string& start,
                           const std::string& value) {
    for (const std::string& name : entry.names()) {
      const std::string middle = variable_name(name).substr(8) + "_";
      if (!variable.starts_with(start + middle)) continue;
      SettingsSchema schema = entry.open(name);
      const std::string rest = "SLIPWAY_" + variable.substr(start.size() + middle.size());
      for (Entry& leaf : schema.entries_) {
        if (rest != variable_name(leaf.info.name)) continue;
        set(leaf, entry.info.name + "." + name + "." + leaf.info.name, text_node(value), variable);
        return true;
      }
    }
    return false;
  }

  void assign(SettingsSchema& schema, std::string_view assignment) {
    const std::size_t equals = assignment.find('=');
    const std::string source = "--set " + std::string(trim(assignment.substr(0, equals)));
    if (equals == std::string_view::npos || equals == 0) {
      problem({ErrorCode::kInvalidArgument, quoted(assignment) + " is not NAME=VALUE", "--set",
               "for instance --set server.port=9090"});
      return;
    }
    const std::string name(trim(assignment.substr(0, equals)));
    const YamlNode node = text_node(std::string(assignment.substr(equals + 1)));
    if (Entry* entry = schema.find(name); entry != nullptr && entry->info.type != SettingType::kNamed) {
      set(*entry, name, node, source);
      return;
    }
    for (Entry& entry : schema.entries_) {
      if (entry.info.type != SettingType::kNamed || !name.starts_with(entry.info.name + ".")) continue;
      if (assign_named(entry, name, node, source)) return;
    }
    unknown(schema, "", name, source);
  }

  // "connections.my.gateway.base_url": names may hold dots, so the longest known setting at the end wins.
  bool assign_named(Entry& entry, const std::string& name, const YamlNode& node, const std::string& source) {
    const std::string rest = name.substr(entry.info.name.size() + 1);
    std::string best;
    entry.prototype([&](SettingsSchema& schema) {
      for (const Entry& leaf : schema.entries_)
        if (rest.ends_with("." + leaf.info.name) && leaf.info.name.size() > best.size())
          best = leaf.info.name;
    });
    const std::size_t dot = rest.find('.');
    if (best.empty()) {
      if (dot == std::string::npos || dot == 0) return false;
      const std::string prefix = entry.info.name + "." + rest.substr(0, dot) + ".";
      entry.prototype([&](SettingsSchema& schema) { unknown(schema, prefix, rest.substr(dot + 1), source); });
      return true;
    }
    const std::string element = rest.substr(0, rest.size() - best.size() - 1);
    if (!check_name(element, entry.info.name, source)) return true;
    SettingsSchema schema = entry.open(element);
    set(*schema.find(best), name, node, source);
    return true;
  }

  static YamlNode text_node(std::string text) {
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.scalar = std::move(text);
    return node;
  }

  // Variables with this prefix that belong to the command line and the test scripts and to no setting.
  inline static const std::set<std::string, std::less<>> kForeign{"SLIPWAY_CONFIG", "SLIPWAY_URL",
                                                                  "SLIPWAY_TOKEN"};
};

SettingsSchema::Entry SettingsSchema::make_entry(std::string name, SettingType type,
                                                 std::string description) {
  Entry entry;
  entry.info.name = std::move(name);
  entry.info.type = type;
  entry.info.description = std::move(description);
  return entry;
}

SettingsSchema::Entry* SettingsSchema::find(std::string_view name) {
  for (Entry& entry : entries_)
    if (entry.info.name == name) return &entry;
  return nullptr;
}

bool SettingsSchema::has_group(std::string_view name) const {
  const std::string prefix = std::string(name) + ".";
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.info.name.starts_with(prefix); });
}

void SettingsSchema::boolean(std::string name, bool& target, std::string description) {
  Entry entry = make_entry(std::move(name), SettingType::kBool, std::move(description));
  entry.show = [&target] { return std::string(target ? "true" : "false"); };
  entry.info.default_text = entry.show();
  entry.apply = [&target](const YamlNode& node, Loader&) -> Result<> {
    SLIPWAY_ASSIGN(const std::string_view text, scalar_of(node));
    if (iequals(text, "true") || iequals(text, "yes") || iequals(text, "on") || text == "1")
      target = true;
    else if (iequals(text, "false") || iequals(text, "no") || iequals(text, "off") || text == "0")
      target = false;
    else
      return wrong(quoted(text) + " is neither true nor false");
    return {};
  };
  entries_.push_back(std::move(entry));
}

void SettingsSchema::number(SettingType type, DurationUnit unit, std::string name, NumberTarget target,
                            std::uint64_t min, std::uint64_t max, std::string description) {
  const auto show = [type, unit](std::uint64_t value) {
    if (type == SettingType::kDuration) return format_duration(value, unit);
    if (type == SettingType::kSize) return format_size(value);
    return std::to_string(value);
  };
  Entry entry = make_entry(std::move(name), type, std::move(description));
  entry.info.bounds = show(min) + " … " + show(max);
  entry.show = [target, show] { return show(target.get()); };
  entry.info.default_text = entry.show();
  entry.apply = [=, bounds = entry.info.bounds](const YamlNode& node, Loader&) -> Result<> {
    SLIPWAY_ASSIGN(const std::string_view text, scalar_of(node));
    std::uint64_t value = 0;
    if (type == SettingType::kDuration) {
      SLIPWAY_ASSIGN(value, parse_duration(text, unit));
    } else if (type == SettingType::kSize) {
      SLIPWAY_ASSIGN(value, parse_size(text));
    } else {
      const std::string_view number = trim(text);
      const auto parsed = parse_integer<std::uint64_t>(number);
      const bool numeric =
          !number.empty() &&
          number.find_first_not_of("0123456789", number[0] == '-' ? 1 : 0) == std::string_view::npos &&
          number != "-";
      if (!parsed && !numeric) return wrong(quoted(text) + " is not a whole number");
      if (!parsed) return wrong(quoted(text) + " is out of bounds", "the bounds are " + bounds);
      value = *parsed;
    }
    if (value < min || value > max)
      return wrong(quoted(text) + " is out of bounds", "the bounds are " + bounds);
    target.set(value);
    return {};
  };
  entries_.push_back(std::move(entry));
}

void SettingsSchema::enumeration(std::string name, std::vector<std::string> words,
                                 std::function<void(std::size_t)> set, std::function<std::size_t()> get,
                                 std::string description) {
  Entry entry = make_entry(std::move(name), SettingType::kEnum, std::move(description));
  entry.info.bounds = "one of " + join(words);
  entry.show = [get, words] { return words[get()]; };
  entry.info.default_text = entry.show();
  entry.apply = [set, words, bounds = entry.info.bounds](const YamlNode& node, Loader&) -> Result<> {
    SLIPWAY_ASSIGN(const std::string_view text, scalar_of(node));
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (!iequals(trim(text), words[i])) continue;
      set(i);
      return {};
    }
    const auto near = near_name(text, words);
    return wrong(quoted(text) + " is not " + bounds, near ? "did you mean " + *near + "?" : "");
  };
  entries_.push_back(std::move(entry));
}

void SettingsSchema::string(std::string name, std::string& target, std::string description, Check check) {
  Entry entry = make_entry(std::move(name), SettingType::kString, std::move(description));
  entry.show = [&target] { return target; };
  entry.info.default_text = target;
  entry.apply = [&target, check = std::move(check)](const YamlNode& node, Loader&) -> Result<> {
    SLIPWAY_ASSIGN(const std::string_view text, scalar_of(node));
    if (!is_valid_utf8(text)) return wrong("is not valid UTF-8");
    if (text.size() > 4096) return wrong("is longer than 4096 bytes");
    if (check)
      if (auto complaint = check(text)) return wrong(quoted(text) + " " + *complaint);
    target = text;
    return {};
  };
  entries_.push_back(std::move(entry));
}

void SettingsSchema::secret(std::string name, std::string& target, std::string description) {
  Entry entry = make_entry(std::move(name), SettingType::kSecret, std::move(description));
  entry.show = [&target] { return std::string(target.empty() ? "" : "(set)"); };
  entry.info.default_text = entry.show();
  entry.apply = [&target](const YamlNode& node, Loader& loader) -> Result<> {
    SLIPWAY_ASSIGN(const std::string_view text, scalar_of(node));
    std::string value;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t open = text.find("${", at);
      if (open == std::string_view::npos) break;
      const std::size_t close = text.find('}', open);
      if (close == std::string_view::npos) return wrong("has a ${ without its }");
      const std::string_view variable = text.substr(open + 2, close - open - 2);
      const auto found = loader.environment.find(variable);
      if (found == loader.environment.end())
        return wrong("the environment variable " + quoted(variable) + " is not set",
                     "export it before the start, or leave this setting out");
      value.append(text.substr(at, open - at)).append(found->second);
      at = close + 1;
    }
    value.append(text.substr(std::min(at, text.size())));
    if (value.size() > 16'384) return wrong("is longer than 16384 bytes");
    // These end up in header lines: a line break would start another one.
    for (const char c : value)
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') return wrong("holds a control character");
    target = std::move(value);
    return {};
  };
  entries_.push_back(std::move(entry));
}

void SettingsSchema::list(std::string name, std::vector<std::string>& target, std::string description,
                          Check check) {
  Entry entry = make_entry(std::move(name), SettingType::kList, std::move(description));
  entry.show = [&target] { return join(target); };
  entry.info.default_text = entry.show();
  entry.apply = [&target, check = std::move(check)](const YamlNode& node, Loader&) -> Result<> {
    std::vector<std::string> words;
    if (node.is_scalar()) {
      // The environment and --set have no lists: commas separate.
      for (const std::string_view word : split(node.scalar, ','))
        if (!trim(word).empty()) words.emplace_back(trim(word));
    } else if (node.is_list()) {
      for (const YamlNode& item : node.items) {
        if (!item.is_scalar()) return wrong("an element of the list is " + std::string(item.kind_name()));
        words.push_back(item.scalar);
      }
    } else {
      return wrong("must be a list, but is " + std::string(node.kind_name()), "for instance [a, b]");
    }
    if (words.size() > 1000) return wrong("has more than 1000 elements");
    for (const std::string& word : words) {
      if (!is_valid_utf8(word) || word.size() > 1024)
        return wrong("an element is not text of up to 1024 bytes");
      if (check)
        if (auto complaint = check(word)) return wrong(quoted(word) + " " + *complaint);
    }
    target = std::move(words);
    return {};
  };
  entries_.push_back(std::move(entry));
}

void SettingsSchema::raw(std::string name, RawSetting& target, std::string description) {
  Entry entry = make_entry(std::move(name), SettingType::kRaw, std::move(description));
  entry.show = [&target] { return std::string(target.node.is_null() ? "" : "(given)"); };
  entry.apply = [&target](const YamlNode& node, Loader& loader) -> Result<> {
    if (node.line == 0) return wrong("can only be given in the file");
    target = {node, loader.file_name};
    return {};
  };
  entries_.push_back(std::move(entry));
}

SettingsReport SettingsSchema::load(const YamlNode* file, const std::string& file_name,
                                    const std::map<std::string, std::string, std::less<>>& environment,
                                    std::span<const std::string> assignments) {
  Loader loader{environment, file_name, {}, {}};
  if (file != nullptr && file->is_map())
    loader.read(*this, *file, "", "");
  else if (file != nullptr && !file->is_null())
    loader.problem({ErrorCode::kInvalidArgument,
                    "a settings file is a map of settings, but this is " + std::string(file->kind_name()),
                    loader.at(std::max(file->line, 1u), std::max(file->column, 1u)),
                    "for instance \"server:\" and below it \"  port: 8080\""});
  loader.read_environment(*this);
  for (const std::string& assignment : assignments) loader.assign(*this, assignment);
  // Where a whole group stands is worth knowing, too: checks that span several settings point there.
  loader.report.places = std::move(loader.sources);
  loader.report.values = effective(loader.report.places);
  return std::move(loader.report);
}

std::vector<EffectiveSetting> SettingsSchema::effective(const std::map<std::string, std::string>& places) {
  std::vector<EffectiveSetting> out;
  const auto collect = [&](const auto& self, SettingsSchema& schema, const std::string& prefix) -> void {
    for (Entry& entry : schema.entries_) {
      if (entry.info.type == SettingType::kNamed) {
        for (const std::string& name : entry.names()) {
          SettingsSchema element = entry.open(name);
          self(self, element, prefix + entry.info.name + "." + name + ".");
        }
        continue;
      }
      const std::string name = prefix + entry.info.name;
      const auto place = places.find(name);
      out.push_back({name, entry.show(), place == places.end() ? "default" : place->second});
    }
  };
  collect(collect, *this, "");
  return out;
}

std::vector<SettingInfo> SettingsSchema::reference() const {
  std::vector<SettingInfo> out;
  for (const Entry& entry : entries_) {
    out.push_back(entry.info);
    if (entry.info.type != SettingType::kNamed) continue;
    entry.prototype([&](SettingsSchema& schema) {
      for (SettingInfo info : schema.reference()) {
        info.name = entry.info.name + ".<name>." + info.name;
        out.push_back(std::move(info));
      }
    });
  }
  return out;
}

}  // namespace slipway
