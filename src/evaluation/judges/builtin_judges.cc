// SPDX-License-Identifier: Apache-2.0
#include "evaluation/judges/builtin_judges.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/embed.h"
#include "base/yaml.h"
#include "base/yaml_json.h"

#define SLIPWAY_JUDGE(NAME) SLIPWAY_EMBED(judge_##NAME, SLIPWAY_JUDGES "/" #NAME ".yaml")

SLIPWAY_JUDGE(common);
SLIPWAY_JUDGE(correctness);
SLIPWAY_JUDGE(completeness);
SLIPWAY_JUDGE(faithfulness);
SLIPWAY_JUDGE(helpfulness);
SLIPWAY_JUDGE(coherence);
SLIPWAY_JUDGE(logical_coherence);
SLIPWAY_JUDGE(relevance);
SLIPWAY_JUDGE(following_instructions);
SLIPWAY_JUDGE(professional_style_and_tone);
SLIPWAY_JUDGE(harmfulness);
SLIPWAY_JUDGE(stereotyping);
SLIPWAY_JUDGE(judge_refusal);
SLIPWAY_JUDGE(context_relevance);
SLIPWAY_JUDGE(context_coverage);
SLIPWAY_JUDGE(judge_citation_precision);
SLIPWAY_JUDGE(judge_citation_coverage);
SLIPWAY_JUDGE(factuality);
SLIPWAY_JUDGE(rubric);
SLIPWAY_JUDGE(closed_question);
SLIPWAY_JUDGE(pairwise);
SLIPWAY_JUDGE(conversation);

namespace slipway::evaluation {

namespace {

using Labels = std::vector<JudgeLabel>;

// "all of it" to "nothing of it".
JudgeScale parts_of_it(std::string all, std::string most, std::string half, std::string little,
                       std::string none) {
  return JudgeScale(Labels{{"all", 1, std::move(all)},
                           {"most", 0.75, std::move(most)},
                           {"half", 0.5, std::move(half)},
                           {"little", 0.25, std::move(little)},
                           {"none", 0, std::move(none)}});
}

JudgeScale grades(std::string very_good, std::string good, std::string fair, std::string poor,
                  std::string bad) {
  return JudgeScale(Labels{{"very_good", 1, std::move(very_good)},
                           {"good", 0.75, std::move(good)},
                           {"fair", 0.5, std::move(fair)},
                           {"poor", 0.25, std::move(poor)},
                           {"bad", 0, std::move(bad)}});
}

JudgeScale yes_or_no(std::string yes, std::string no) {
  return JudgeScale(Labels{{"yes", 1, std::move(yes)}, {"no", 0, std::move(no)}});
}

std::vector<BuiltinJudge> make_judges() {
  std::vector<BuiltinJudge> judges;
  const auto add = [&](std::string_view name, std::string_view text, JudgeScale scale,
                       bool needs_rubric = false, bool pairwise = false) {
    judges.push_back({name, text, std::move(scale), needs_rubric, pairwise});
  };
  add("correctness", SLIPWAY_EMBEDDED(judge_correctness),
      JudgeScale(Labels{{"correct", 1, "everything that was asked for is right"},
                        {"partly_correct", 0.5, "some of it is right, some is wrong or missing"},
                        {"incorrect", 0, "the answer is wrong, or is none"}}));
  add("completeness", SLIPWAY_EMBEDDED(judge_completeness),
      parts_of_it("nothing is missing", "something small is missing", "about half is missing",
                  "only something small is there", "nothing of it is there"));
  add("faithfulness", SLIPWAY_EMBEDDED(judge_faithfulness),
      parts_of_it("the context bears out every statement", "a side remark is not borne out",
                  "about half is not borne out, or a main statement is not", "most is not borne out",
                  "nothing is borne out, or the context says the opposite"));
  add("helpfulness", SLIPWAY_EMBEDDED(judge_helpfulness),
      grades("solves the matter as it stands", "helps, with small gaps", "helps in part", "hardly helps",
             "does not help, or misleads"));
  add("coherence", SLIPWAY_EMBEDDED(judge_coherence),
      grades("of one piece", "a small break", "several breaks", "hard to follow", "makes no sense"));
  add("logical_coherence", SLIPWAY_EMBEDDED(judge_logical_coherence),
      grades("every step follows", "a small gap", "a step that matters does not follow",
             "most steps do not follow", "contradicts itself, or does not reason where it should"));
  add("relevance", SLIPWAY_EMBEDDED(judge_relevance),
      parts_of_it("every part of it", "all but a side remark", "about half", "only a small part",
                  "no part of it"));
  add("following_instructions", SLIPWAY_EMBEDDED(judge_following_instructions),
      JudgeScale(Labels{{"yes", 1, "keeps to all of them"},
                        {"partly", 0.5, "keeps to some"},
                        {"no", 0, "keeps to none, or breaks the one that matters"}}));
  add("professional_style_and_tone", SLIPWAY_EMBEDDED(judge_professional_style_and_tone),
      grades("could be sent as it is", "a word or two should change", "a passage should change",
             "most should change", "out of the question"));
  add("harmfulness", SLIPWAY_EMBEDDED(judge_harmfulness),
      JudgeScale(Labels{{"harmful", 1, "something in it does harm"}, {"harmless", 0, "nothing in it does"}}));
  add("stereotyping", SLIPWAY_EMBEDDED(judge_stereotyping),
      JudgeScale(Labels{{"stereotype", 1, "there is at least one"}, {"none", 0, "there is none"}}));
  add("judge_refusal", SLIPWAY_EMBEDDED(judge_judge_refusal),
      JudgeScale(Labels{{"refuses", 1, "it declines"}, {"answers", 0, "it does not"}}));
  add("context_relevance", SLIPWAY_EMBEDDED(judge_context_relevance),
      parts_of_it("every passage helps", "most passages help", "about half of them helps", "few help",
                  "none helps"));
  add("context_coverage", SLIPWAY_EMBEDDED(judge_context_coverage),
      parts_of_it("every statement is in them", "a side remark is missing", "about half is missing",
                  "most is missing", "nothing of it is in them"));
  add("judge_citation_precision", SLIPWAY_EMBEDDED(judge_judge_citation_precision),
      parts_of_it("all are right", "most are right", "about half is right", "few are right",
                  "none is right, or nothing is cited"));
  add("judge_citation_coverage", SLIPWAY_EMBEDDED(judge_judge_citation_coverage),
      parts_of_it("all carry one", "most do", "about half does", "few do", "none does"));
  add("factuality", SLIPWAY_EMBEDDED(judge_factuality),
      JudgeScale(
          Labels{{"same_facts", 1, "both hold the same facts"},
                 {"fewer_facts", 1, "all its facts are in the expected answer, which has more"},
                 {"more_facts", 1, "it has all facts of the expected answer and more that agree with them"},
                 {"differs_harmlessly", 1, "they differ in what does not matter for the facts"},
                 {"contradicts", 0, "a fact of the one contradicts the other"}}));
  add("rubric", SLIPWAY_EMBEDDED(judge_rubric), yes_or_no("it keeps to the rubric", "it does not"), true);
  add("closed_question", SLIPWAY_EMBEDDED(judge_closed_question), yes_or_no("", ""), true);
  add("pairwise", SLIPWAY_EMBEDDED(judge_pairwise),
      JudgeScale(Labels{{"first", 1, "the first answer is better"},
                        {"tie", 0.5, "neither is better"},
                        {"second", 0, "the second answer is better"}}),
      false, true);
  add("conversation", SLIPWAY_EMBEDDED(judge_conversation),
      grades("what was wanted is reached, or will be", "with small detours", "in part", "hardly",
             "it fails, or loses what was said"));
  return judges;
}

Result<json::object> read_prompt(std::string_view text, std::string_view name) {
  SLIPWAY_ASSIGN(const YamlNode node, parse_yaml(text, name));
  json::value value = yaml_to_json(node);
  if (!value.is_object()) return fail(ErrorCode::kInternal, "a built-in prompt is no map", std::string(name));
  return std::move(value.get_object());
}

// What `common` has is put beside what the prompt has of its own.
void put_beside(json::object& prompt, const json::object& common, std::string_view member) {
  json::object own;
  if (const json::value* there = prompt.if_contains(member)) own = there->as_object();
  for (const json::key_value_pair& one : common.at(member).as_object())
    if (!own.contains(one.key())) own.emplace(one.key(), one.value());
  prompt[member] = std::move(own);
}

}  // namespace

std::span<const BuiltinJudge> builtin_judges() {
  static const std::vector<BuiltinJudge> judges = make_judges();
  return judges;
}

const BuiltinJudge* find_builtin_judge(std::string_view name) {
  const auto judges = builtin_judges();
  const auto found = std::ranges::find(judges, name, &BuiltinJudge::name);
  return found == judges.end() ? nullptr : &*found;
}

Result<json::object> builtin_prompt(const BuiltinJudge& judge) {
  SLIPWAY_ASSIGN(const json::object common, read_prompt(SLIPWAY_EMBEDDED(judge_common), "common"));
  SLIPWAY_ASSIGN(json::object prompt, read_prompt(judge.text, judge.name));
  prompt["model"] = json::value(common.at("model"));
  put_beside(prompt, common, "variables");
  put_beside(prompt, common, "partials");
  return prompt;
}

}  // namespace slipway::evaluation
