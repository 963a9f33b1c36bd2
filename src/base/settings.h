// SPDX-License-Identifier: Apache-2.0
// Typed settings: each is declared once with name, type, bounds and description, bound to a field of a plain
// struct, and filled from a YAML file, the environment and the command line. Everything wrong is reported at
// once, with file, line and column and the nearest name that exists. Not thread-safe: load at start, then
// hand values around.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"

namespace slipway {

enum class SettingType : std::uint8_t {
  kBool,
  kInteger,
  kString,
  kDuration,
  kSize,
  kEnum,
  kList,
  kSecret,
  kRaw,    // any YAML, read by its owner
  kNamed,  // a map from names to groups of settings
};
std::string_view to_string(SettingType type);

// What the reference prints of one setting. Inside a kNamed group the names contain "<name>".
struct SettingInfo {
  std::string name;  // dotted: "server.port"
  SettingType type = SettingType::kString;
  std::string default_text;
  std::string bounds;  // "0 … 65535", "one of none, metadata, full"; may be empty
  std::string description;
};

// A setting's value as it is in force, and where it came from: "default", "slipway.yaml:3:9",
// "SLIPWAY_SERVER_PORT", "--set server.port".
struct EffectiveSetting {
  std::string name;
  std::string value;  // secrets are "(set)" or ""
  std::string source;
};

struct SettingsReport {
  std::vector<Error> problems;
  std::vector<std::string> warnings;
  std::vector<EffectiveSetting> values;
  std::map<std::string, std::string> places;  // setting or group → where it was given, if it was

  [[nodiscard]] bool ok() const { return problems.empty(); }
  // Every problem on a line of its own.
  [[nodiscard]] std::string describe() const;
  // Where a setting or a group was given: "slipway.yaml:3:9", "SLIPWAY_SERVER_PORT", "--set server.port", or
  // "default" if nobody did.
  [[nodiscard]] std::string source_of(const std::string& name) const;
};

// A piece of YAML passed on untouched. `node` is null when not given.
struct RawSetting {
  YamlNode node;
  std::string source;  // file name for error messages
};

enum class DurationUnit : std::uint8_t { kMilliseconds, kSeconds, kMinutes, kHours, kDays };

// "250ms", "5s", "10m", "2h", "30d" in `unit`; "0" needs no suffix. Refuses what is not a whole number of
// units.
Result<std::uint64_t> parse_duration(std::string_view text, DurationUnit unit);
std::string format_duration(std::uint64_t value, DurationUnit unit);
// "512", "64KiB", "32MiB", "2GiB", "1TiB", "10MB" (decimal), "10M" (binary) in bytes.
Result<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

class SettingsSchema {
 public:
  // Says what is wrong with a text, or nothing.
  using Check = std::function<std::optional<std::string>(std::string_view)>;
  template <class T>
  using Choices = std::vector<std::pair<std::string, T>>;

  void boolean(std::string name, bool& target, std::string description);

  template <std::integral T>
  void integer(std::string name, T& target, std::uint64_t min, std::uint64_t max, std::string description) {
    number(SettingType::kInteger, DurationUnit::kMilliseconds, std::move(name), bind(target), min,
           clamp<T>(max), std::move(description));
  }
  template <std::integral T>
  void duration(std::string name, T& target, DurationUnit unit, std::uint64_t min, std::uint64_t max,
                std::string description) {
    number(SettingType::kDuration, unit, std::move(name), bind(target), min, clamp<T>(max),
           std::move(description));
  }
  template <std::integral T>
  void size(std::string name, T& target, std::uint64_t min, std::uint64_t max, std::string description) {
    number(SettingType::kSize, DurationUnit::kMilliseconds, std::move(name), bind(target), min, clamp<T>(max),
           std::move(description));
  }
  template <class T>
  void choice(std::string name, T& target, Choices<T> choices, std::string description) {
    std::vector<std::string> words;
    for (const auto& [word, value] : choices) words.push_back(word);
    auto shared = std::make_shared<Choices<T>>(std::move(choices));
    enumeration(
        std::move(name), std::move(words),
        [&target, shared](std::size_t index) { target = (*shared)[index].second; },
        [&target, shared] {
          for (std::size_t i = 0; i < shared->size(); ++i)
            if ((*shared)[i].second == target) return i;
          return std::size_t{0};
        },
        std::move(description));
  }
  void string(std::string name, std::string& target, std::string description, Check check = {});
  // `${NAME}` inside the value is replaced from the environment; never shown.
  void secret(std::string name, std::string& target, std::string description);
  void list(std::string name, std::vector<std::string>& target, std::string description, Check check = {});
  void raw(std::string name, RawSetting& target, std::string description);

  // A map whose keys are names and whose values are groups of settings, kept in order. V has a member `name`.
  // `declare` binds one element. A file that has this map replaces the default elements; one that names a
  // default element starts from it.
  template <class V>
  void named(std::string name, std::vector<V>& target, std::string description,
             std::function<void(SettingsSchema&, V&)> declare) {
    Entry entry = make_entry(std::move(name), SettingType::kNamed, std::move(description));
    for (const V& element : target)
      entry.info.default_text += (entry.info.default_text.empty() ? "" : ", ") + element.name;
    auto defaults = std::make_shared<std::vector<V>>(target);
    entry.clear = [&target] { target.clear(); };
    entry.open = [&target, declare, defaults](const std::string& key) {
      auto found = std::find_if(target.begin(), target.end(), [&](const V& v) { return v.name == key; });
      if (found == target.end()) {
        auto known =
            std::find_if(defaults->begin(), defaults->end(), [&](const V& v) { return v.name == key; });
        target.push_back(known == defaults->end() ? V{} : *known);
        target.back().name = key;
        found = target.end() - 1;
      }
      SettingsSchema schema;
      declare(schema, *found);
      return schema;
    };
    entry.names = [&target] {
      std::vector<std::string> names;
      for (const V& element : target) names.push_back(element.name);
      return names;
    };
    entry.prototype = [declare](const std::function<void(SettingsSchema&)>& use) {
      V element{};
      SettingsSchema schema;
      declare(schema, element);
      use(schema);
    };
    entries_.push_back(std::move(entry));
  }

  // Fills the bound fields: `file` first, then SLIPWAY_… variables, then assignments. `file` may be null.
  // Unknown keys in file and assignments are problems, unknown variables only warnings (container platforms
  // inject SLIPWAY_… variables of their own).
  SettingsReport load(const YamlNode* file, const std::string& file_name,
                      const std::map<std::string, std::string, std::less<>>& environment,
                      std::span<const std::string> assignments);

  // Every setting as it is now in force; `places` are a report's.
  [[nodiscard]] std::vector<EffectiveSetting> effective(const std::map<std::string, std::string>& places);

  // Every declared setting, groups with "<name>" in the place of the element's name.
  [[nodiscard]] std::vector<SettingInfo> reference() const;

 private:
  struct NumberTarget {
    std::function<void(std::uint64_t)> set;
    std::function<std::uint64_t()> get;
  };
  struct Loader;
  struct Entry {
    SettingInfo info;
    std::function<Result<>(const YamlNode&, Loader&)> apply;  // leaves
    std::function<std::string()> show;
    std::function<SettingsSchema(const std::string&)> open;  // kNamed from here on
    std::function<std::vector<std::string>()> names;
    std::function<void()> clear;
    std::function<void(const std::function<void(SettingsSchema&)>&)> prototype;
  };

  template <std::integral T>
  static NumberTarget bind(T& target) {
    return {[&target](std::uint64_t value) { target = static_cast<T>(value); },
            [&target] { return static_cast<std::uint64_t>(target); }};
  }
  template <std::integral T>
  static std::uint64_t clamp(std::uint64_t max) {
    return std::min(max, static_cast<std::uint64_t>(std::numeric_limits<T>::max()));
  }
  Entry* find(std::string_view name);
  [[nodiscard]] bool has_group(std::string_view name) const;
  static Entry make_entry(std::string name, SettingType type, std::string description);
  void number(SettingType type, DurationUnit unit, std::string name, NumberTarget target, std::uint64_t min,
              std::uint64_t max, std::string description);
  void enumeration(std::string name, std::vector<std::string> words, std::function<void(std::size_t)> set,
                   std::function<std::size_t()> get, std::string description);

  std::vector<Entry> entries_;
};

}  // namespace slipway
