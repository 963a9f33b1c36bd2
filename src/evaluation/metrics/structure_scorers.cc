// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "evaluation/metrics/scorers.h"
#include "evaluation/metrics/structure_metrics.h"

namespace slipway::evaluation {

namespace {

using Made = Result<std::shared_ptr<const Scorer>>;

Made make_json(Params& params) {
  SLIPWAY_ASSIGN(const bool anywhere, params.flag("anywhere"));
  return make_scorer(ScoreKind::kVerdict, [anywhere](const CaseView& view) -> Result<Score> {
    return score_json(view.answer, anywhere);
  });
}

Made make_json_schema(Params& params) {
  SLIPWAY_ASSIGN(const bool anywhere, params.flag("anywhere"));
  std::optional<AnswerSchema> own;
  if (const json::value* schema = params.any("schema")) {
    auto compiled = AnswerSchema::compile(*schema);
    if (!compiled) {
      compiled.error().where = fmt::format("{} ({})", params.at("schema"), compiled.error().where);
      return fail(compiled.error());
    }
    own = *compiled;
  }
  return make_scorer(ScoreKind::kVerdict, [own, anywhere](const CaseView& view) -> Result<Score> {
    const AnswerSchema* schema = own ? &*own : view.answer_schema;
    if (schema == nullptr)
      return fail(ErrorCode::kInvalidArgument, "there is no schema to hold the answer against", "json_schema",
                  "Give one in params.schema, or give the prompt a response format");
    return score_json_schema(view.answer, *schema, anywhere);
  });
}

Made make_field_equals(Params& params) {
  SLIPWAY_ASSIGN(const auto field, params.text("field"));
  if (!field)
    return fail(ErrorCode::kInvalidArgument, "is missing", params.at("field"),
                "Name the member of the answer, as page or /items/0/price");
  SLIPWAY_ASSIGN(const bool anywhere, params.flag("anywhere"));
  SLIPWAY_ASSIGN(const auto tolerance, params.number("tolerance", 0, 1e300));
  // Nothing else said, it is the member of the same name that is expected.
  const json::value* fixed = params.any("value");
  SLIPWAY_ASSIGN(const auto member, params.text("expected"));
  std::optional<json::value> value;
  if (fixed != nullptr) value = *fixed;
  const std::string pointer = pointer_of(*field);
  const std::string expected = pointer_of(member.value_or(*field));
  return make_scorer(ScoreKind::kVerdict, [=](const CaseView& view) -> Result<Score> {
    const json::value* wanted = value ? &*value : nullptr;
    if (wanted == nullptr && view.expected != nullptr) wanted = at_pointer(*view.expected, expected);
    if (wanted == nullptr)
      return fail(ErrorCode::kInvalidArgument, fmt::format("what the case expects has no {}", expected),
                  "expected", "Name the member as the dataset does in params.expected, or give params.value");
    return score_json_field(view.answer, pointer, wanted, tolerance.value_or(0), anywhere);
  });
}

// Metrics of the answer alone, without parameters.
ScorerFactory plain(Score (*scoring)(std::string_view)) {
  return factory_of([scoring](Params&) -> Made {
    return make_scorer(ScoreKind::kVerdict,
                       [scoring](const CaseView& view) -> Result<Score> { return scoring(view.answer); });
  });
}

Made make_sql(Params& params) {
  SLIPWAY_TRY(params.choice("dialect", {"sqlite"}));
  return make_scorer(ScoreKind::kVerdict, [](const CaseView& view) { return score_sql(view.answer); });
}

}  // namespace

void add_structure_scorers(ScorerFactories& factories) {
  factories["json"] = factory_of(make_json);
  factories["json_schema"] = factory_of(make_json_schema);
  factories["field_equals"] = factory_of(make_field_equals);
  factories["xml"] = plain(score_xml);
  factories["html"] = plain(score_html);
  factories["sql"] = factory_of(make_sql);
}

}  // namespace slipway::evaluation
