// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "evaluation/metrics/scorers.h"

namespace slipway::evaluation {

namespace {

constexpr std::array<std::string_view, 3> kScoreKinds = {"verdict", "share", "figure"};
constexpr double kWeightMost = 1'000;
constexpr std::size_t kMembersLimit = 20;  // of a set
constexpr int kSetDepth = 4;
constexpr std::size_t kSlicesLimit = 100;

std::unexpected<Error> wrong(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

int depth_of(const json::value& entry) {
  const json::object* object = entry.if_object();
  if (object == nullptr) return 0;
  int deepest = -1;
  for (const std::string_view word : {"all", "any"}) {
    const json::value* members = object->if_contains(word);
    if (members == nullptr || !members->is_array()) continue;
    for (const json::value& member : members->get_array()) deepest = std::max(deepest, depth_of(member));
    if (deepest < 0) deepest = 0;
  }
  return deepest + 1;
}

// The entry's members that are no parameters of the metric.
Result<> check_members(const json::object& entry, const std::string& path) {
  static const std::vector<std::string> kMembers = {"metric", "all",       "any", "name",   "params",
                                                    "weight", "threshold", "for", "negate", "judge"};
  for (const json::key_value_pair& member : entry) {
    if (std::ranges::find(kMembers, member.key()) != kMembers.end()) continue;
    const auto close = nearest(member.key(), kMembers);
    return wrong(fmt::format("there is no '{}' here", ellipsize(member.key(), 80)), path,
                 close ? fmt::format("Did you mean '{}'?", *close) : std::string());
  }
  const int kinds =
      (entry.contains("metric") ? 1 : 0) + (entry.contains("all") ? 1 : 0) + (entry.contains("any") ? 1 : 0);
  if (kinds != 1) return wrong("needs one of metric, all and any", path);
  return {};
}

Result<std::vector<std::string>> read_texts(const json::value& value, const std::string& path) {
  std::vector<std::string> out;
  if (!value.is_array() || value.get_array().size() > kSlicesLimit)
    return wrong(fmt::format("must be a list of at most {} texts", kSlicesLimit), path);
  for (const json::value& one : value.get_array()) {
    if (!one.is_string()) return wrong("must be a list of texts", path);
    out.emplace_back(one.get_string());
  }
  return out;
}

}  // namespace

std::string_view to_string(ScoreKind kind) { return kScoreKinds[static_cast<std::size_t>(kind)]; }

std::optional<ScoreKind> parse_score_kind(std::string_view text) {
  const auto found = std::ranges::find(kScoreKinds, text);
  if (found == kScoreKinds.end()) return std::nullopt;
  return static_cast<ScoreKind>(found - kScoreKinds.begin());
}

const ScorerFactories& programmatic_scorers() {
  static const ScorerFactories factories = [] {
    ScorerFactories made;
    add_text_scorers(made);
    add_overlap_scorers(made);
    add_structure_scorers(made);
    add_call_scorers(made);
    return made;
  }();
  return factories;
}

MetricScore MetricScore::of_error(Error error) {
  MetricScore out;
  out.outcome = MetricOutcome::kError;
  out.reason = error.describe();
  out.error = std::move(error);
  return out;
}

Result<> MetricSpec::read_common(const json::object& entry, const std::string& path) {
  Params common(entry, path);
  SLIPWAY_ASSIGN(const auto name, common.text("name"));
  SLIPWAY_ASSIGN(const auto weight, common.number("weight", 0, kWeightMost));
  SLIPWAY_ASSIGN(negate_, common.flag("negate"));
  SLIPWAY_ASSIGN(threshold_, common.number("threshold", -1e300, 1e300));
  if (name) name_ = *name;
  weight_ = weight.value_or(1);
  if (const json::value* slices = common.any("for")) return read_slices(*slices, path + ".for");
  return {};
}

Result<> MetricSpec::read_slices(const json::value& slices, const std::string& path) {
  if (!slices.is_object())
    return wrong("must be a map", path, "Write tags or splits: a list of those it is for");
  Params params(slices.get_object(), path);
  if (const json::value* tags = params.any("tags")) {
    SLIPWAY_ASSIGN(tags_, read_texts(*tags, path + ".tags"));
  }
  if (const json::value* splits = params.any("splits")) {
    SLIPWAY_ASSIGN(splits_, read_texts(*splits, path + ".splits"));
  }
  return params.finish();
}

Result<MetricSpec> MetricSpec::parse(const json::value& entry, const std::string& path,
                                     const ScorerFactories& factories) {
  if (!entry.is_object()) return wrong("must be a map", path, "Write metric: and its name");
  if (depth_of(entry) > kSetDepth) return wrong(fmt::format("sets nest more than {} deep", kSetDepth), path);
  const json::object& object = entry.get_object();
  SLIPWAY_TRY(check_members(object, path));
  MetricSpec out;
  SLIPWAY_TRY(out.read_common(object, path));
  for (const std::string_view word : {"all", "any"}) {
    const json::value* members = object.if_contains(word);
    if (members == nullptr) continue;
    const std::string where = fmt::format("{}.{}", path, word);
    if (!members->is_array() || members->get_array().empty() || members->get_array().size() > kMembersLimit)
      return wrong(fmt::format("must be a list of 1 to {} metrics", kMembersLimit), where);
    if (object.contains("params")) return wrong("a set has no parameters", path + ".params");
    if (out.name_.empty()) return wrong("a set needs a name", path + ".name");
    out.metric_ = word;
    out.kind_ = ScoreKind::kShare;
    for (std::size_t i = 0; i < members->get_array().size(); ++i) {
      const std::string at = fmt::format("{}[{}]", where, i);
      SLIPWAY_ASSIGN(MetricSpec member, parse(members->get_array()[i], at, factories));
      if (!member.gives_verdicts())
        return wrong("neither passes nor fails by itself", at, "Give it a threshold");
      out.members_.push_back(std::move(member));
    }
  }
  if (out.members_.empty()) {
    const json::value& metric = object.at("metric");
    if (!metric.is_string()) return wrong("must be text", path + ".metric");
    out.metric_ = metric.get_string();
    const json::value* judge = object.if_contains("judge");
    auto factory = factories.find(out.metric_);
    // One's own judge goes by its prompt, whatever it is called.
    if (factory == factories.end() && judge != nullptr) factory = factories.find("judge");
    if (factory == factories.end()) {
      std::vector<std::string> known;
      for (const auto& [name, one] : factories) known.push_back(name);
      const auto close = nearest(out.metric_, known);
      return fail(ErrorCode::kNotFound, fmt::format("there is no metric '{}'", ellipsize(out.metric_, 80)),
                  path + ".metric", close ? fmt::format("Did you mean '{}'?", *close) : std::string());
    }
    json::object params;
    if (const json::value* given = object.if_contains("params")) {
      if (!given->is_object()) return wrong("must be a map", path + ".params");
      params = given->get_object();
    }
    const std::string where = path + ".params";
    if (judge != nullptr) {
      if (params.contains("prompt")) return wrong("names the prompt that judges already", path + ".judge");
      params["prompt"] = *judge;
    }
    auto made = factory->second(params, where);
    if (!made) return fail(made.error());
    out.scorer_ = std::move(*made);
    out.kind_ = out.scorer_->kind();
    if (out.kind_ == ScoreKind::kFigure) {
      Params read(params, where);
      SLIPWAY_ASSIGN(out.min_, read.number("min", -1e300, 1e300));
      SLIPWAY_ASSIGN(out.max_, read.number("max", -1e300, 1e300));
      if (out.min_ && out.max_ && *out.min_ > *out.max_)
        return wrong("is more than max: nothing could pass", read.at("min"));
    }
    if (out.name_.empty()) out.name_ = out.metric_;
  }
  if (!out.threshold_ && out.scorer_ != nullptr) out.passes_from_ = out.scorer_->passes_from();
  if (out.threshold_ && out.kind_ == ScoreKind::kFigure)
    return wrong("is for scores between 0 and 1", path + ".threshold", "Give params.min or params.max");
  if (out.threshold_ && !(*out.threshold_ >= 0 && *out.threshold_ <= 1))
    return wrong("must be between 0 and 1", path + ".threshold");
  return out;
}

std::optional<Bounds> MetricSpec::bounds() const {
  if (kind_ == ScoreKind::kFigure) return std::nullopt;
  return Bounds{0, 1};
}

bool MetricSpec::gives_verdicts() const {
  if (kind_ == ScoreKind::kFigure) return min_ || max_;
  return threshold_ || passes_from_ || !members_.empty();
}

bool MetricSpec::applies(const CaseView& view) const {
  if (!tags_.empty() && std::ranges::none_of(tags_, [&](const std::string& tag) {
        return std::ranges::find(view.tags, tag) != view.tags.end();
      }))
    return false;
  return splits_.empty() || std::ranges::find(splits_, view.split) != splits_.end();
}

MetricScore MetricSpec::score(const CaseView& view) const {
  if (!applies(view)) return {};
  return scorer_ == nullptr ? score_set(view) : score_one(view);
}

MetricScore MetricSpec::score_one(const CaseView& view) const {
  auto scored = scorer_->score(view);
  if (!scored) return MetricScore::of_error(std::move(scored.error()));
  if (!std::isfinite(scored->value))
    return MetricScore::of_error(
        {ErrorCode::kInternal, fmt::format("gave {} instead of a number", scored->value), metric_, {}});
  MetricScore out;
  out.outcome = MetricOutcome::kScored;
  out.value = scored->value;
  out.reason = std::move(scored->reason);
  out.notes = std::move(scored->notes);
  if (negate_ && kind_ != ScoreKind::kFigure) out.value = 1 - out.value;
  out.passed = passes(out.value);
  return out;
}

std::optional<bool> MetricSpec::passes(double value) const {
  if (kind_ == ScoreKind::kFigure) {
    if (!min_ && !max_) return std::nullopt;
    return ((!min_ || value >= *min_) && (!max_ || value <= *max_)) != negate_;
  }
  // Shares are sums of fractions: 0.1 + 0.2 reaches a threshold of 0.3.
  constexpr double kSlack = 1e-12;
  if (!threshold_ && !passes_from_) return std::nullopt;
  return value >= threshold_.value_or(passes_from_.value_or(1)) - kSlack;
}

MetricScore MetricSpec::score_set(const CaseView& view) const {
  const bool all = metric_ == "all";
  MetricScore out;
  double weighted = 0;
  double weights = 0;
  double most = 0;
  bool passed = all;
  std::optional<MetricScore> error;
  std::string decisive;
  for (const MetricSpec& member : members_) {
    MetricScore one = member.score(view);
    if (one.outcome == MetricOutcome::kSkipped) continue;
    if (one.outcome == MetricOutcome::kError) {
      if (!error) error = std::move(one);
      continue;
    }
    out.outcome = MetricOutcome::kScored;
    const bool ok = *one.passed;
    // Figures count in a set by whether they pass.
    const double value = member.kind() == ScoreKind::kFigure ? (ok ? 1 : 0) : one.value;
    weighted += member.weight() * value;
    weights += member.weight();
    most = std::max(most, value);
    passed = all ? passed && ok : passed || ok;
    if (decisive.empty() && ok != all) decisive = fmt::format("{}: {}", member.name(), one.reason);
  }
  // An alternative that could not be tried doesn't matter where another one is met.
  if (error && (all || !passed)) return std::move(*error);
  if (out.outcome == MetricOutcome::kSkipped) return out;
  out.value = all ? (weights > 0 ? weighted / weights : (passed ? 1 : 0)) : most;
  if (negate_) {
    out.value = 1 - out.value;
    passed = !passed;
  }
  out.passed = threshold_ ? out.value >= *threshold_ - 1e-12 : passed;
  if (!decisive.empty())
    out.reason = std::move(decisive);
  else
    out.reason = all ? "Everything passed." : "Nothing passed.";
  return out;
}

Result<std::vector<MetricSpec>> parse_metrics(const json::value& metrics, const std::string& path,
                                              const ScorerFactories& factories) {
  if (!metrics.is_array() || metrics.get_array().empty() || metrics.get_array().size() > kMetricsLimit)
    return wrong(fmt::format("must be a list of 1 to {} metrics", kMetricsLimit), path);
  std::vector<MetricSpec> out;
  for (std::size_t i = 0; i < metrics.get_array().size(); ++i) {
    const std::string at = fmt::format("{}[{}]", path, i);
    SLIPWAY_ASSIGN(MetricSpec spec, MetricSpec::parse(metrics.get_array()[i], at, factories));
    if (std::ranges::find(out, spec.name(), &MetricSpec::name) != out.end())
      return wrong(fmt::format("there is a metric '{}' already", spec.name()), at,
                   "Give one of them a name of its own");
    out.push_back(std::move(spec));
  }
  return out;
}

std::optional<double> weighted_score(std::span<const MetricSpec> specs, std::span<const MetricScore> scores) {
  double sum = 0;
  double weights = 0;
  for (std::size_t i = 0; i < std::min(specs.size(), scores.size()); ++i) {
    if (scores[i].outcome != MetricOutcome::kScored || specs[i].kind() == ScoreKind::kFigure) continue;
    sum += specs[i].weight() * scores[i].value;
    weights += specs[i].weight();
  }
  if (!(weights > 0)) return std::nullopt;
  return sum / weights;
}

}  // namespace slipway::evaluation
