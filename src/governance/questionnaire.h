// SPDX-License-Identifier: Apache-2.0
// Risk questions, and what follows from their answers: a tier, the reviews it demands and how long they hold.
// Immutable after parsing; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::governance {

// "legal", "security", "risk", "ethics".
const std::vector<std::string>& review_disciplines();

struct AnswerOption {
  std::string value;
  std::string label;
  std::string tier;  // the tier this answer demands at least; empty: none
};

struct Question {
  std::string id;
  std::string text;
  std::string help;
  std::vector<AnswerOption> options;
};

struct RiskTier {
  std::string name;
  std::string label;
  std::string description;
  std::vector<std::string> required_reviews;  // disciplines
  std::uint32_t review_days = 365;            // how long a review holds at most
  bool forbidden = false;                     // such a use case can't be submitted
};

// What a set of answers comes to.
struct Assessment {
  std::string tier;                     // empty until every question is answered
  std::vector<std::string> reasons;     // the answers that demand this tier, as sentences
  std::vector<std::string> unanswered;  // ids of questions
};

class Questionnaire {
 public:
  // Modelled on the risk classes of the EU AI Act: minimal, limited, high, forbidden.
  static const Questionnaire& builtin();
  // From YAML. The error's `where` is "source:line:column", its hint has the nearest name for a slip of the
  // pen.
  static Result<Questionnaire> parse(std::string_view text, const std::string& source);

  [[nodiscard]] const std::string& version() const { return version_; }
  // Differs whenever anything in the questionnaire differs.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  [[nodiscard]] const std::vector<Question>& questions() const { return questions_; }
  [[nodiscard]] const std::vector<RiskTier>& tiers() const { return tiers_; }  // lowest first
  [[nodiscard]] const RiskTier* tier(std::string_view name) const;             // nullptr: none of that name

  // kInvalidArgument for an answer to a question or with an option that does not exist.
  [[nodiscard]] Result<> check(const std::map<std::string, std::string>& answers) const;
  // The highest tier that an answer demands. Answers to questions that are gone count for nothing.
  [[nodiscard]] Assessment assess(const std::map<std::string, std::string>& answers) const;
  // As the API shows it.
  [[nodiscard]] json::object to_json() const;

 private:
  std::string version_;
  std::string fingerprint_;
  std::vector<Question> questions_;
  std::vector<RiskTier> tiers_;
};

}  // namespace slipway::governance
