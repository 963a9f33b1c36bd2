// SPDX-License-Identifier: Apache-2.0
#include "telemetry/price_table.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/embed.h"
#include "base/text.h"
#include "telemetry/price_layer.h"

// prices.yaml as it is in the source tree.
SLIPWAY_EMBED(prices, SLIPWAY_PRICES_FILE);

namespace slipway::telemetry {

namespace {

const Price* at_time(const std::vector<Price>& newest_first, std::int64_t at_us) {
  const auto found = std::ranges::find_if(
      newest_first, [at_us](const Price& price) { return price.valid_from_us <= at_us; });
  return found == newest_first.end() ? nullptr : &*found;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at_end(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[text.size() - 1 - count])) ++count;
  return count;
}

// Takes "-v1", "-v2:0", ":0" off the end of a Bedrock name.
bool cut_revision(std::string_view& name) {
  std::string_view rest = name;
  if (const std::size_t digits = digits_at_end(rest); digits > 0 && rest.size() > digits) {
    rest.remove_suffix(digits);
    if (rest.ends_with(':')) {
      name = rest.substr(0, rest.size() - 1);
      return true;
    }
    if (rest.ends_with("-v")) {
      name = rest.substr(0, rest.size() - 2);
      return true;
    }
  }
  return false;
}

// Takes "-2024-08-06", "-20250929", "-0613", "-001", "@20250929" or "-latest" off the end.
bool cut_date(std::string_view& name) {
  if (name.ends_with("-latest")) {
    name.remove_suffix(7);
    return true;
  }
  const std::size_t digits = digits_at_end(name);
  if (digits >= name.size()) return false;
  const std::string_view head = name.substr(0, name.size() - digits);
  if (head.ends_with('@') || (head.ends_with('-') && (digits == 8 || digits == 4 || digits == 3))) {
    name = head.substr(0, head.size() - 1);
    return true;
  }
  // …-dddd-dd-dd
  if (digits == 2 && name.size() > 11) {
    const std::string_view date = name.substr(name.size() - 11);
    constexpr std::string_view kShape = "-dddd-dd-dd";
    for (std::size_t i = 0; i < kShape.size(); ++i) {
      if (kShape[i] == 'd' ? !is_digit(date[i]) : date[i] != kShape[i]) return false;
    }
    name.remove_suffix(11);
    return true;
  }
  return false;
}

std::optional<std::string_view> without_region(std::string_view name) {
  constexpr std::array<std::string_view, 8> kRegions{"us.", "eu.", "apac.",   "jp.",
                                                     "au.", "ca.", "global.", "us-gov."};
  for (const std::string_view region : kRegions) {
    if (name.starts_with(region)) return name.substr(region.size());
  }
  return std::nullopt;
}

}  // namespace

const Price* PriceTable::Layer::find(std::string_view provider, std::string_view model,
                                     std::int64_t at_us) const {
  const auto ours = providers.find(provider);
  if (ours == providers.end()) return nullptr;
  const ByName& exact = ours->second.exact;

  const auto by_name = [&](std::string_view name) -> const Price* {
    for (;;) {
      if (const auto found = exact.find(name); found != exact.end()) {
        if (const Price* price = at_time(found->second, at_us)) return price;
      }
      if (!cut_revision(name) && !cut_date(name)) return nullptr;
    }
  };
  if (const Price* price = by_name(model)) return price;
  const auto bare = provider == "aws.bedrock" ? without_region(model) : std::nullopt;
  if (bare) {
    if (const Price* price = by_name(*bare)) return price;
  }
  const Price* best = nullptr;
  std::size_t longest = 0;
  for (const auto& [prefix, prices] : ours->second.prefixes) {
    const bool fits = model.starts_with(prefix) || (bare && bare->starts_with(prefix));
    if (!fits || (best != nullptr && prefix.size() <= longest)) continue;
    if (const Price* price = at_time(prices, at_us)) {
      best = price;
      longest = prefix.size();
    }
  }
  return best;
}

const Price* PriceTable::find(std::string_view provider, std::string_view model, std::int64_t at_us) const {
  std::string lower;
  if (std::ranges::any_of(model, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    lower = to_lower(model);
    model = lower;
  }
  while (model.starts_with("models/")) model.remove_prefix(7);  // Gemini's own spelling
  for (const auto& layer : layers_) {
    if (const Price* price = layer->find(provider, model, at_us)) return price;
  }
  return nullptr;
}

Result<PriceTable> PriceTable::builtin() { return parse(SLIPWAY_EMBEDDED(prices), "prices.yaml"); }

Result<PriceTable> PriceTable::with_overrides(const YamlNode& entries, std::string_view source) const {
  if (entries.is_null()) return *this;
  SLIPWAY_ASSIGN(auto layer, read_layer(entries, source));
  PriceTable out = *this;
  out.layers_.insert(out.layers_.begin(), std::move(layer));
  return out;
}

std::string_view PriceTable::as_of() const {
  return layers_.empty() ? std::string_view{} : layers_.back()->as_of;
}

std::vector<PriceTable::Listing> PriceTable::list() const {
  std::vector<Listing> out;
  for (const auto& layer : layers_) {
    for (const auto& [provider, models] : layer->providers) {
      for (const auto& [model, prices] : models.exact) {
        for (const Price& price : prices) out.push_back({provider, model, &price});
      }
      for (const auto& [model, prices] : models.prefixes) {
        for (const Price& price : prices) out.push_back({provider, model, &price});
      }
    }
  }
  std::ranges::sort(out, [](const Listing& a, const Listing& b) {
    return std::tie(a.provider, a.model, b.price->valid_from_us) <
           std::tie(b.provider, b.model, a.price->valid_from_us);
  });
  return out;
}

}  // namespace slipway::telemetry
