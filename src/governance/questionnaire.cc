// SPDX-License-Identifier: Apache-2.0
#include "governance/questionnaire.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/embed.h"
#include "base/text.h"
#include "base/yaml.h"

SLIPWAY_EMBED(questionnaire, SLIPWAY_QUESTIONNAIRE_FILE);

namespace slipway::governance {

namespace {

constexpr std::size_t kQuestionsLimit = 100;
constexpr std::size_t kOptionsLimit = 50;
constexpr std::size_t kTiersLimit = 20;
constexpr std::size_t kTextBytes = 2'000;
constexpr std::uint32_t kReviewDaysLimit = 3'650;

// Reads the document; remembers the source for places.
class Reader {
 public:
  explicit Reader(std::string source) : source_(std::move(source)) {}

  [[nodiscard]] std::unexpected<Error> bad(const YamlNode& node, std::string message,
                                           std::string hint = {}) const {
    return bad_at(node.line, node.column, std::move(message), std::move(hint));
  }
  [[nodiscard]] std::unexpected<Error> bad_at(std::uint32_t line, std::uint32_t column, std::string message,
                                              std::string hint) const {
    return fail(ErrorCode::kInvalidArgument, std::move(message),
                fmt::format("{}:{}:{}", source_, line, column), std::move(hint));
  }
  [[nodiscard]] std::unexpected<Error> unknown(const YamlNode& node, std::string message,
                                               std::string_view word,
                                               const std::vector<std::string>& known) const {
    const auto near = nearest(word, known);
    return bad(node, std::move(message),
               near ? fmt::format("Did you mean '{}'?", *near)
                    : fmt::format("There are {}.", fmt::join(known, ", ")));
  }

  // A map with no keys but `known`.
  [[nodiscard]] Result<> map(const YamlNode& node, std::string_view what,
                             const std::vector<std::string>& known) const {
    if (!node.is_map()) return bad(node, fmt::format("{} must be a map, but is {}", what, node.kind_name()));
    for (const YamlNode::Member& member : node.members) {
      if (std::ranges::find(known, member.key) != known.end()) continue;
      const auto near = nearest(member.key, known);
      return bad_at(member.line, member.column,
                    fmt::format("{} has no '{}'", what, ellipsize(member.key, 60)),
                    near ? fmt::format("Did you mean '{}'?", *near)
                         : fmt::format("It has {}.", fmt::join(known, ", ")));
    }
    return {};
  }

  [[nodiscard]] Result<std::string> text(const YamlNode& map, std::string_view name, std::string_view what,
                                         bool required) const {
    const YamlNode* node = map.find(name);
    if (node == nullptr || node->is_null()) {
      if (required) return bad(map, fmt::format("{} needs '{}'", what, name));
      return std::string();
    }
    if (!node->is_scalar())
      return bad(*node, fmt::format("'{}' must be text, but is {}", name, node->kind_name()));
    const std::string_view trimmed = trim(node->scalar);
    if (trimmed.size() > kTextBytes || (required && trimmed.empty()))
      return bad(*node, fmt::format("'{}' has 1 to {} bytes", name, kTextBytes));
    return std::string(trimmed);
  }

  // An identifier that becomes part of addresses and stored answers.
  [[nodiscard]] Result<std::string> word(const YamlNode& map, std::string_view name,
                                         std::string_view what) const {
    SLIPWAY_ASSIGN(std::string value, text(map, name, what, true));
    const bool sound = value.size() <= 64 && std::ranges::all_of(value, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
                       });
    if (!sound)
      return bad(*map.find(name), fmt::format("'{}' can't be {}'s {}", ellipsize(value, 60), what, name),
                 "Use up to 64 of a-z, 0-9, '_' and '-'.");
    return value;
  }

  [[nodiscard]] Result<const YamlNode*> list(const YamlNode& map, std::string_view name,
                                             std::string_view what, std::size_t limit) const {
    const YamlNode* node = map.find(name);
    if (node == nullptr) return bad(map, fmt::format("{} needs '{}'", what, name));
    if (!node->is_list())
      return bad(*node, fmt::format("'{}' must be a list, but is {}", name, node->kind_name()));
    if (node->items.size() > limit)
      return bad(*node, fmt::format("'{}' has more than {} entries", name, limit));
    return node;
  }

 private:
  std::string source_;
};

Result<RiskTier> read_tier(const Reader& reader, const YamlNode& node) {
  SLIPWAY_TRY(reader.map(node, "a tier",
                         {"name", "label", "description", "required_reviews", "review_days", "forbidden"}));
  RiskTier tier;
  SLIPWAY_ASSIGN(tier.name, reader.word(node, "name", "a tier"));
  SLIPWAY_ASSIGN(tier.label, reader.text(node, "label", "a tier", true));
  SLIPWAY_ASSIGN(tier.description, reader.text(node, "description", "a tier", false));
  SLIPWAY_ASSIGN(const YamlNode* reviews, reader.list(node, "required_reviews", "a tier", kTiersLimit));
  for (const YamlNode& item : reviews->items) {
    const auto& known = review_disciplines();
    if (std::ranges::find(known, item.scalar) == known.end())
      return reader.unknown(item, fmt::format("there is no review '{}'", ellipsize(item.scalar, 60)),
                            item.scalar, known);
    if (std::ranges::find(tier.required_reviews, item.scalar) != tier.required_reviews.end())
      return reader.bad(item, fmt::format("'{}' stands here twice", item.scalar));
    tier.required_reviews.push_back(item.scalar);
  }
  if (const YamlNode* days = node.find("review_days")) {
    const auto number = parse_integer<std::uint32_t>(days->scalar);
    if (!number || *number < 1 || *number > kReviewDaysLimit)
      return reader.bad(*days, fmt::format("review_days lies between 1 and {}", kReviewDaysLimit));
    tier.review_days = *number;
  }
  if (const YamlNode* forbidden = node.find("forbidden")) {
    if (forbidden->scalar != "true" && forbidden->scalar != "false")
      return reader.bad(*forbidden, "forbidden is true or false");
    tier.forbidden = forbidden->scalar == "true";
  }
  return tier;
}

Result<Question> read_question(const Reader& reader, const YamlNode& node,
                               const std::vector<std::string>& tiers) {
  SLIPWAY_TRY(reader.map(node, "a question", {"id", "text", "help", "options"}));
  Question question;
  SLIPWAY_ASSIGN(question.id, reader.word(node, "id", "a question"));
  SLIPWAY_ASSIGN(question.text, reader.text(node, "text", "a question", true));
  SLIPWAY_ASSIGN(question.help, reader.text(node, "help", "a question", false));
  SLIPWAY_ASSIGN(const YamlNode* options, reader.list(node, "options", "a question", kOptionsLimit));
  if (options->items.empty()) return reader.bad(*options, "a question needs at least one option");
  for (const YamlNode& item : options->items) {
    SLIPWAY_TRY(reader.map(item, "an option", {"value", "label", "tier"}));
    AnswerOption option;
    SLIPWAY_ASSIGN(option.value, reader.word(item, "value", "an option"));
    SLIPWAY_ASSIGN(option.label, reader.text(item, "label", "an option", true));
    SLIPWAY_ASSIGN(option.tier, reader.text(item, "tier", "an option", false));
    if (!option.tier.empty() && std::ranges::find(tiers, option.tier) == tiers.end())
      return reader.unknown(*item.find("tier"),
                            fmt::format("there is no tier '{}'", ellipsize(option.tier, 60)), option.tier,
                            tiers);
    if (std::ranges::find(question.options, option.value, &AnswerOption::value) != question.options.end())
      return reader.bad(item, fmt::format("the option '{}' stands here twice", option.value));
    question.options.push_back(std::move(option));
  }
  return question;
}

std::vector<std::string> ids_of(const std::vector<Question>& questions) {
  std::vector<std::string> ids;
  for (const Question& question : questions) ids.push_back(question.id);
  return ids;
}

}  // namespace

const std::vector<std::string>& review_disciplines() {
  static const std::vector<std::string> kDisciplines = {"legal", "security", "risk", "ethics"};
  return kDisciplines;
}

const Questionnaire& Questionnaire::builtin() {
  static const Questionnaire kParsed = parse(SLIPWAY_EMBEDDED(questionnaire), "questionnaire.yaml").value();
  return kParsed;
}

Result<Questionnaire> Questionnaire::parse(std::string_view text, const std::string& source) {
  SLIPWAY_ASSIGN(const YamlNode root, parse_yaml(text, source));
  const Reader reader(source);
  SLIPWAY_TRY(reader.map(root, "a questionnaire", {"version", "tiers", "questions"}));
  Questionnaire made;
  SLIPWAY_ASSIGN(made.version_, reader.text(root, "version", "a questionnaire", true));
  SLIPWAY_ASSIGN(const YamlNode* tiers, reader.list(root, "tiers", "a questionnaire", kTiersLimit));
  if (tiers->items.empty()) return reader.bad(*tiers, "a questionnaire needs at least one tier");
  std::vector<std::string> names;
  for (const YamlNode& item : tiers->items) {
    SLIPWAY_ASSIGN(RiskTier tier, read_tier(reader, item));
    if (std::ranges::find(names, tier.name) != names.end())
      return reader.bad(item, fmt::format("the tier '{}' stands here twice", tier.name));
    names.push_back(tier.name);
    made.tiers_.push_back(std::move(tier));
  }
  SLIPWAY_ASSIGN(const YamlNode* questions,
                 reader.list(root, "questions", "a questionnaire", kQuestionsLimit));
  if (questions->items.empty()) return reader.bad(*questions, "a questionnaire needs at least one question");
  for (const YamlNode& item : questions->items) {
    SLIPWAY_ASSIGN(Question question, read_question(reader, item, names));
    if (std::ranges::find(made.questions_, question.id, &Question::id) != made.questions_.end())
      return reader.bad(item, fmt::format("the question '{}' stands here twice", question.id));
    made.questions_.push_back(std::move(question));
  }
  made.fingerprint_ = hex(sha256(json::serialize(made.to_json())));
  return made;
}

const RiskTier* Questionnaire::tier(std::string_view name) const {
  const auto found = std::ranges::find(tiers_, name, &RiskTier::name);
  return found == tiers_.end() ? nullptr : &*found;
}

Result<> Questionnaire::check(const std::map<std::string, std::string>& answers) const {
  for (const auto& [id, answer] : answers) {
    const std::string where = "answers." + id;
    const auto question = std::ranges::find(questions_, id, &Question::id);
    const auto refuse = [&](std::string message, std::string_view word,
                            const std::vector<std::string>& known) {
      const auto near = nearest(word, known);
      return fail(ErrorCode::kInvalidArgument, std::move(message), where,
                  near ? fmt::format("Did you mean '{}'?", *near)
                       : fmt::format("There are {}.", fmt::join(known, ", ")));
    };
    if (question == questions_.end())
      return refuse(fmt::format("the questionnaire has no question '{}'", ellipsize(id, 60)), id,
                    ids_of(questions_));
    if (std::ranges::find(question->options, answer, &AnswerOption::value) == question->options.end()) {
      std::vector<std::string> values;
      for (const AnswerOption& option : question->options) values.push_back(option.value);
      return refuse(fmt::format("'{}' is no answer to the question '{}'", ellipsize(answer, 60), id), answer,
                    values);
    }
  }
  return {};
}

Assessment Questionnaire::assess(const std::map<std::string, std::string>& answers) const {
  Assessment assessment;
  std::ptrdiff_t highest = 0;
  for (const Question& question : questions_) {
    const auto answer = answers.find(question.id);
    const auto option = answer == answers.end()
                            ? question.options.end()
                            : std::ranges::find(question.options, answer->second, &AnswerOption::value);
    if (option == question.options.end()) {
      assessment.unanswered.push_back(question.id);
      continue;
    }
    const auto demanded = std::ranges::find(tiers_, option->tier, &RiskTier::name);
    if (demanded == tiers_.end()) continue;
    const std::ptrdiff_t rank = demanded - tiers_.begin();
    if (rank > highest) assessment.reasons.clear();
    highest = std::max(highest, rank);
    if (rank == highest) assessment.reasons.push_back(fmt::format("{} {}.", question.text, option->label));
  }
  if (!assessment.unanswered.empty()) {
    assessment.reasons.clear();
    return assessment;
  }
  assessment.tier = tiers_[static_cast<std::size_t>(highest)].name;
  // That everything is harmless is one reason, not one for each question.
  if (highest == 0) assessment.reasons = {"No answer demands a higher tier."};
  return assessment;
}

json::object Questionnaire::to_json() const {
  json::array questions;
  for (const Question& question : questions_) {
    json::array options;
    for (const AnswerOption& option : question.options)
      options.emplace_back(
          json::object{{"value", option.value},
                       {"label", option.label},
                       {"tier", option.tier.empty() ? json::value(nullptr) : json::value(option.tier)}});
    questions.emplace_back(json::object{{"id", question.id},
                                        {"text", question.text},
                                        {"help", question.help},
                                        {"options", std::move(options)}});
  }
  json::array tiers;
  for (const RiskTier& tier : tiers_) {
    json::array reviews;
    for (const std::string& discipline : tier.required_reviews) reviews.emplace_back(discipline);
    tiers.emplace_back(json::object{{"name", tier.name},
                                    {"label", tier.label},
                                    {"description", tier.description},
                                    {"required_reviews", std::move(reviews)},
                                    {"review_days", tier.review_days},
                                    {"forbidden", tier.forbidden}});
  }
  return {{"version", version_}, {"questions", std::move(questions)}, {"tiers", std::move(tiers)}};
}

}  // namespace slipway::governance
