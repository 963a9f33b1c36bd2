// SPDX-License-Identifier: Apache-2.0
// What a model's tokens cost, by provider, model and date of the call.
//
// A table is immutable and may be read from any thread; copies share their contents. prices.yaml, embedded in
// the binary, is the built-in table; settings may override it with entries of the same form.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/result.h"
#include "base/yaml.h"

namespace slipway::telemetry {

inline constexpr PicoUsd kUnknownRate = -1;

// Pico-dollars a token for each class of telemetry::Usage; kUnknownRate where none is known.
struct Rates {
  PicoUsd input = kUnknownRate;
  PicoUsd cache_read = kUnknownRate;
  PicoUsd cache_write = kUnknownRate;     // kept for five minutes, or however long the provider's default is
  PicoUsd cache_write_1h = kUnknownRate;  // kept for an hour
  PicoUsd output = kUnknownRate;
  PicoUsd reasoning = kUnknownRate;  // the price of output where a provider names no other
  PicoUsd audio_input = kUnknownRate;
  PicoUsd audio_output = kUnknownRate;

  friend bool operator==(const Rates&, const Rates&) = default;
};

// Prices of a call whose whole input (cached or not) is longer than `above_input_tokens`: all of its tokens.
struct PriceTier {
  std::int64_t above_input_tokens = 0;
  Rates rates;
};

struct Price {
  Rates rates;
  std::vector<PriceTier> tiers;    // by ascending threshold
  std::int64_t valid_from_us = 0;  // unix microseconds, midnight UTC; 0: since ever
  bool example = false;            // made up, so that demonstrations show a cost
  std::string where;               // "prices.yaml:12", for people who ask where a figure comes from
};

class PriceTable {
 public:
  // The table that was built in.
  static Result<PriceTable> builtin();

  // Entries given as text of the form of prices.yaml. `source` names it in errors, which say line and field.
  static Result<PriceTable> parse(std::string_view text, std::string_view source);

  // This table with `entries` before it: a list in the form of prices.yaml's `prices`, or null for none. An
  // entry decides for the models and the times it covers, even where the table underneath knows a longer
  // name.
  [[nodiscard]] Result<PriceTable> with_overrides(const YamlNode& entries, std::string_view source) const;

  // The price of a call made at `at_us` (unix microseconds), or nullptr if unknown. A name is looked up as it
  // is, then without what marks a version of it ("-2024-08-06", "-20250929-v1:0", "@20250929", "-latest"),
  // then, for aws.bedrock, without the region that leads it, and then by the longest `prefix*`. Case does not
  // matter. The pointer lives as long as any copy of this table.
  [[nodiscard]] const Price* find(std::string_view provider, std::string_view model,
                                  std::int64_t at_us) const;

  // The day the built-in prices were last compared with what the providers publish: "2026-10-07".
  [[nodiscard]] std::string_view as_of() const;

  // Every entry, for listings.
  struct Listing {
    std::string_view provider;
    std::string_view model;  // ends with '*' if it is a prefix
    const Price* price;
  };
  [[nodiscard]] std::vector<Listing> list() const;

 private:
  struct Layer;
  explicit PriceTable(std::vector<std::shared_ptr<const Layer>> layers) : layers_(std::move(layers)) {}
  static Result<std::shared_ptr<const Layer>> read_layer(const YamlNode& entries, std::string_view source);

  std::vector<std::shared_ptr<const Layer>> layers_;  // the first that knows decides
};

}  // namespace slipway::telemetry
