// SPDX-License-Identifier: Apache-2.0
// Reads entries of the form of prices.yaml; every error says file, line and field.
#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>
#include <optional>

#include "base/text.h"
#include "telemetry/price_layer.h"

namespace slipway::telemetry {

namespace {

constexpr std::size_t kMostEntries = 10'000;
constexpr std::size_t kMostModels = 200;  // an entry
constexpr std::size_t kMostTiers = 8;
constexpr std::int64_t kMostUsdPerMillion = 1'000'000;

struct Reader {
  std::string_view source;

  [[nodiscard]] std::string place(const YamlNode& node) const {
    return std::string{source} + ":" + std::to_string(node.line) + ":" + std::to_string(node.column);
  }
  [[nodiscard]] std::unexpected<Error> refuse(const YamlNode& node, const std::string& field,
                                              std::string_view problem, std::string hint = {}) const {
    return fail(ErrorCode::kInvalidArgument, field + " " + std::string{problem}, place(node),
                std::move(hint));
  }
};

// "2.50" US dollars per million tokens are 2,500,000 pico-dollars a token: six decimals are exact.
std::optional<PicoUsd> parse_rate(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || whole.size() > 7 || fraction.size() > 6) return std::nullopt;
  if (point != std::string_view::npos && fraction.empty()) return std::nullopt;
  PicoUsd out = 0;
  for (const char c : whole) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  for (std::size_t i = 0; i < 6; ++i) {
    const char c = i < fraction.size() ? fraction[i] : '0';
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  return out > kMostUsdPerMillion * 1'000'000 ? std::nullopt : std::optional{out};
}

// "2025-09-29", midnight UTC in unix microseconds.
std::optional<std::int64_t> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_integer<unsigned>(text.substr(0, 4));
  const auto month = parse_integer<unsigned>(text.substr(5, 2));
  const auto day = parse_integer<unsigned>(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::microseconds{std::chrono::sys_days{date}.time_since_epoch()}.count();
}

struct RateField {
  std::string_view name;
  PicoUsd Rates::* rate;
};
constexpr std::array kRateFields{
    RateField{"input", &Rates::input},
    RateField{"cache_read", &Rates::cache_read},
    RateField{"cache_write", &Rates::cache_write},
    RateField{"cache_write_1h", &Rates::cache_write_1h},
    RateField{"output", &Rates::output},
    RateField{"reasoning", &Rates::reasoning},
    RateField{"audio_input", &Rates::audio_input},
    RateField{"audio_output", &Rates::audio_output},
};

Result<> check_keys(const Reader& in, const YamlNode& node, const std::string& path,
                    std::initializer_list<std::string_view> others) {
  std::vector<std::string> names{others.begin(), others.end()};
  for (const RateField& field : kRateFields) names.emplace_back(field.name);
  for (const YamlNode::Member& member : node.members) {
    if (std::ranges::find(names, member.key) != names.end()) continue;
    const auto near = nearest(member.key, names);
    return fail(
        ErrorCode::kInvalidArgument, path + "." + member.key + " is no field of a price",
        std::string{in.source} + ":" + std::to_string(member.line) + ":" + std::to_string(member.column),
        near ? "did you mean " + *near + "?" : "see the head of prices.yaml");
  }
  return {};
}

// Fills the rates that are given; what is not given keeps its value.
Result<> read_rates(const Reader& in, const YamlNode& node, const std::string& path, Rates& rates) {
  for (const RateField& field : kRateFields) {
    const YamlNode* given = node.find(field.name);
    if (given == nullptr) continue;
    const auto rate = given->is_scalar() ? parse_rate(given->scalar) : std::nullopt;
    if (!rate) {
      return in.refuse(*given, path + "." + std::string{field.name},
                       "must be US dollars per million tokens: a decimal number from 0 to 1000000 with at "
                       "most six decimals",
                       "write it as 2.50");
    }
    rates.*field.rate = *rate;
  }
  return {};
}

Result<std::vector<std::string>> read_names(const Reader& in, const YamlNode& entry, const std::string& path,
                                            std::string_view key) {
  const std::string field = path + "." + std::string{key};
  const YamlNode* node = entry.find(key);
  if (node == nullptr) return in.refuse(entry, field, "is missing");
  std::vector<std::string> names;
  const auto take = [&](const YamlNode& name) -> Result<> {
    if (!name.is_scalar() || name.scalar.empty())
      return in.refuse(name, field, "must be a name or a list of names");
    names.push_back(to_lower(name.scalar));
    return {};
  };
  if (node->is_list()) {
    if (node->items.size() > kMostModels) return in.refuse(*node, field, "has more than 200 names");
    for (const YamlNode& item : node->items) SLIPWAY_TRY(take(item));
  } else {
    SLIPWAY_TRY(take(*node));
  }
  if (names.empty()) return in.refuse(*node, field, "must name at least one");
  return names;
}

Result<> read_tiers(const Reader& in, const YamlNode& entry, const std::string& path, Price& price) {
  const YamlNode* tiers = entry.find("tiers");
  if (tiers == nullptr) return {};
  if (!tiers->is_list() || tiers->items.size() > kMostTiers) {
    return in.refuse(*tiers, path + ".tiers", "must be a list of at most 8 tiers");
  }
  for (std::size_t i = 0; i < tiers->items.size(); ++i) {
    const YamlNode& node = tiers->items[i];
    const std::string at = path + ".tiers[" + std::to_string(i) + "]";
    if (!node.is_map()) return in.refuse(node, at, "must be a map");
    SLIPWAY_TRY(check_keys(in, node, at, {"above_input_tokens"}));
    const YamlNode* above = node.find("above_input_tokens");
    const auto threshold =
        above != nullptr && above->is_scalar() ? parse_integer<std::int64_t>(above->scalar) : std::nullopt;
    if (!threshold || *threshold < 1) {
      return in.refuse(above != nullptr ? *above : node, at + ".above_input_tokens",
                       "must be a whole number above 0");
    }
    PriceTier tier{*threshold, price.rates};
    SLIPWAY_TRY(read_rates(in, node, at, tier.rates));
    if (node.find("output") != nullptr && node.find("reasoning") == nullptr &&
        entry.find("reasoning") == nullptr) {
      tier.rates.reasoning = tier.rates.output;
    }
    price.tiers.push_back(tier);
  }
  std::ranges::sort(price.tiers, {}, &PriceTier::above_input_tokens);
  const auto twice = std::ranges::adjacent_find(price.tiers, {}, &PriceTier::above_input_tokens);
  if (twice != price.tiers.end()) return in.refuse(*tiers, path + ".tiers", "has the same threshold twice");
  return {};
}

Result<Price> read_price(const Reader& in, const YamlNode& entry, const std::string& path) {
  Price price;
  price.where = std::string{in.source} + ":" + std::to_string(entry.line);
  SLIPWAY_TRY(read_rates(in, entry, path, price.rates));
  if (price.rates.input == kUnknownRate) return in.refuse(entry, path + ".input", "is missing");
  if (price.rates.reasoning == kUnknownRate) price.rates.reasoning = price.rates.output;
  if (const YamlNode* from = entry.find("valid_from")) {
    const auto date = from->is_scalar() ? parse_date(from->scalar) : std::nullopt;
    if (!date) return in.refuse(*from, path + ".valid_from", "must be a date", "write it as 2025-09-29");
    price.valid_from_us = *date;
  }
  if (const YamlNode* example = entry.find("example")) {
    if (example->scalar != "true" && example->scalar != "false") {
      return in.refuse(*example, path + ".example", "must be true or false");
    }
    price.example = example->scalar == "true";
  }
  SLIPWAY_TRY(read_tiers(in, entry, path, price));
  return price;
}

// Newest first; false if the same day is there already.
bool insert(std::vector<Price>& prices, const Price& price) {
  const auto at =
      std::ranges::lower_bound(prices, price.valid_from_us, std::greater<>{}, &Price::valid_from_us);
  if (at != prices.end() && at->valid_from_us == price.valid_from_us) return false;
  prices.insert(at, price);
  return true;
}

}  // namespace

Result<std::shared_ptr<const PriceTable::Layer>> PriceTable::read_layer(const YamlNode& entries,
                                                                        std::string_view source) {
  const Reader in{source};
  if (!entries.is_list()) return in.refuse(entries, "prices", "must be a list");
  if (entries.items.size() > kMostEntries) return in.refuse(entries, "prices", "has more than 10000 entries");
  auto layer = std::make_shared<Layer>();
  for (std::size_t i = 0; i < entries.items.size(); ++i) {
    const YamlNode& entry = entries.items[i];
    const std::string path = "prices[" + std::to_string(i) + "]";
    if (!entry.is_map()) return in.refuse(entry, path, "must be a map");
    SLIPWAY_TRY(check_keys(in, entry, path, {"provider", "models", "valid_from", "tiers", "example"}));
    SLIPWAY_ASSIGN(const auto providers, read_names(in, entry, path, "provider"));
    SLIPWAY_ASSIGN(const auto models, read_names(in, entry, path, "models"));
    SLIPWAY_ASSIGN(const Price price, read_price(in, entry, path));
    for (const std::string& provider : providers) {
      Layer::Provider& to = layer->providers[provider];
      for (std::string_view model : models) {
        while (model.starts_with("models/")) model.remove_prefix(7);  // as find() does
        const bool prefix = model.ends_with('*');
        const bool added = prefix ? insert(to.prefixes[std::string{model.substr(0, model.size() - 1)}], price)
                                  : insert(to.exact[std::string{model}], price);
        if (!added) {
          return in.refuse(
              entry, path,
              "prices " + provider + " " + std::string{model} + " a second time for the same date",
              "remove one of the two or give it another valid_from");
        }
      }
    }
  }
  return layer;
}

Result<PriceTable> PriceTable::parse(std::string_view text, std::string_view source) {
  SLIPWAY_ASSIGN(const YamlNode document, parse_yaml(text, source));
  const Reader in{source};
  const YamlNode* entries = document.find("prices");
  const YamlNode* as_of = document.find("as_of");
  if (entries == nullptr || as_of == nullptr || !parse_date(as_of->scalar)) {
    return in.refuse(document, "prices", "needs as_of (a date) and a list of prices");
  }
  SLIPWAY_ASSIGN(auto read, read_layer(*entries, source));
  auto layer = std::make_shared<Layer>(*read);
  layer->as_of = as_of->scalar;
  return PriceTable{{std::move(layer)}};
}

}  // namespace slipway::telemetry
