// SPDX-License-Identifier: Apache-2.0
#include "catalog/kinds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "base/yaml_json.h"
#include "catalog/canonical.h"
#include "catalog/schema_check.h"

namespace slipway::catalog {
namespace {

constexpr std::string_view kPrompt = R"(
description: Answers customers
model: main
parameters: {temperature: 0.2}
variables:
  question: {type: string, max_length: 100}
messages:
  - role: system
    content: |
      You help.
      {{question}}
  - placeholder: messages
tools: [lookup, shared/tool/search]
guardrails: [shared/guardrail/standard]
)";

AssetName prompt() { return {"support", "prompt", "answer"}; }

std::vector<Problem> check(const AssetName& name, std::string_view yaml,
                           const TemplateInspector& inspect = nullptr) {
  const auto node = parse_yaml(yaml, "test.yaml", {8u << 20, 32, 50'000});
  if (!node) return {{{}, {}, node.error().describe(), {}}};
  return validate(name, yaml_to_json(*node).as_object(), &*node, inspect);
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  out.replace(out.find(from), from.size(), to);
  return out;
}

// "path line:column message hint" of the only problem.
std::string only(const std::vector<Problem>& problems) {
  if (problems.size() != 1) {
    std::string all = std::to_string(problems.size()) + " problems";
    for (const Problem& problem : problems) all += "\n" + problem.path + ": " + problem.message;
    return all;
  }
  const Problem& problem = problems[0];
  return problem.path + " " + std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " +
         problem.message + (problem.hint.empty() ? "" : " | " + problem.hint);
}

TEST(Kinds, EverySchemaIsReadAndNamesItsKind) {
  EXPECT_EQ(kind_names().size(), 9u);
  for (const std::string& kind : kind_names()) {
    EXPECT_EQ(kind_schema(kind).at("$id").as_string(), "/api/v1/schemas/" + kind);
    EXPECT_FALSE(kind_title(kind).empty());
  }
  EXPECT_FALSE(is_kind("definitions"));
}

TEST(Kinds, AWordThatWouldNotBeHonouredIsRefused) {
  EXPECT_FALSE(SchemaCheck::prepare(json::parse(R"({"multipleOf": 2})").as_object()));
  EXPECT_FALSE(
      SchemaCheck::prepare(json::parse(R"({"items": {"$ref": "#/$defs/gone"}, "$defs": {}})").as_object()));
  EXPECT_FALSE(SchemaCheck::prepare(json::parse("{\"pattern\": \"(?=x)\"}").as_object()));
}

TEST(Kinds, TakesASoundPrompt) {
  EXPECT_EQ(check(prompt(), kPrompt), std::vector<Problem>{});
  const auto references = references_of(prompt(), yaml_to_json(*parse_yaml(kPrompt, "")).as_object());
  std::vector<std::string> told;
  for (const Reference& reference : references)
    told.push_back(reference.path + " " + reference.target.to_string());
  EXPECT_EQ(told, (std::vector<std::string>{"model support/model/main", "tools[0] support/tool/lookup",
                                            "tools[1] shared/tool/search",
                                            "guardrails[0] shared/guardrail/standard"}));
}

TEST(Kinds, SaysWhatIsWrongAndWhere) {
  const auto wrong = [](std::string_view from, std::string_view to) {
    return only(check(prompt(), replaced(kPrompt, from, to)));
  };
  EXPECT_EQ(wrong("temperature: 0.2", "temprature: 0.2"),
            "parameters.temprature 4:14 there is no 'temprature' here | Did you mean 'temperature'?");
  EXPECT_EQ(wrong("temperature: 0.2", "temperature: 3"),
            "parameters.temperature 4:27 must be at most 2, but is 3");
  EXPECT_EQ(wrong("temperature: 0.2", "temperature: warm"),
            "parameters.temperature 4:27 must be a number, but is text");
  EXPECT_EQ(wrong("role: system", "role: sytem"),
            "messages[0].role 8:11 must be one of system, user, assistant, but is 'sytem' | Did you mean "
            "'system'?");
  EXPECT_EQ(wrong("model: main\n", ""), "model 2:1 'model' is missing");
  EXPECT_EQ(wrong("description: Answers customers", "description: 5"),
            "description 2:14 must be text, but is a number | Put it in quotes: \"5\".");
  EXPECT_EQ(wrong("max_length: 100", "max_length: 1.5"),
            "variables.question.max_length 6:40 must be a whole number, but is 1.5");
  EXPECT_EQ(wrong("placeholder: messages", "placeholder: history"),
            "messages[1].placeholder 12:18 must be 'messages', but is 'history'");
  EXPECT_EQ(wrong("question: {type: string, max_length: 100}", "1st: {}"),
            "variables.1st 6:8 '1st' is not a letter or underscore followed by up to 63 letters, digits and "
            "underscores");
  EXPECT_EQ(wrong("- placeholder: messages", "- hello"), "messages[1] 12:5 must be a map, but is text");
}

TEST(Kinds, JudgesReferencesByOwner) {
  const auto wrong = [](std::string_view to) {
    return only(check(prompt(), replaced(kPrompt, "model: main", to)));
  };
  EXPECT_EQ(wrong("model: other/model/main"),
            "model 3:8 'other/model/main' belongs to another use case | Share it (owner: shared), or make "
            "one of your own.");
  EXPECT_EQ(wrong("model: shared/tool/search"),
            "model 3:8 'shared/tool/search' is a tool; a model belongs here");
  EXPECT_EQ(wrong("model: a/b"),
            "model 3:8 'a/b' is not an asset's full name | Write owner/kind/name, as in "
            "shared/guardrail/standard.");
  EXPECT_EQ(wrong("model: Main"),
            "model 3:8 'Main' is not an asset's name | Write the name of one of the same owner, or "
            "owner/kind/name.");
  const AssetName shared{"shared", "prompt", "answer"};
  EXPECT_EQ(only(check(shared, replaced(kPrompt, "model: main", "model: support/model/main"))),
            "model 3:8 a shared asset can't refer to 'support/model/main', which belongs to a use case | "
            "Share that one, too.");
  EXPECT_EQ(check({{}, "prompt", {}}, replaced(kPrompt, "model: main", "model: any/model/main")),
            std::vector<Problem>{});
}

TEST(Kinds, AsksTheTemplateLanguage) {
  const TemplateInspector inspect = [](std::string_view text) {
    TemplateReport report;
    if (text.find("{{broken") != std::string_view::npos)
      report.faults.push_back({"the tag is not closed", "Write }}.", 2});
    if (text.find("{{question}}") != std::string_view::npos) report.variables = {"question"};
    if (text.find("{{qestion}}") != std::string_view::npos) report.variables = {"qestion"};
    return report;
  };
  EXPECT_EQ(check(prompt(), kPrompt, inspect), std::vector<Problem>{});
  EXPECT_EQ(only(check(prompt(), replaced(kPrompt, "{{question}}", "{{broken"), inspect)),
            "messages[0].content 11:1 the tag is not closed | Write }}.");
  EXPECT_EQ(only(check(prompt(), replaced(kPrompt, "{{question}}", "{{qestion}}"), inspect)),
            "messages[0].content 9:14 the variable 'qestion' is not declared | Did you mean 'question'?");
}

TEST(Kinds, RulesOfPrompts) {
  const auto wrong = [](std::string_view variable) {
    return only(check(prompt(), replaced(kPrompt, "{type: string, max_length: 100}", variable)));
  };
  EXPECT_EQ(wrong("{type: integer, default: 1.5}"),
            "variables.question.default 6:38 the variable is of type integer, this is a number");
  EXPECT_EQ(wrong("{default: abc, max_length: 2}"),
            "variables.question.default 6:23 is longer than the variable's max_length of 2");
  EXPECT_EQ(wrong("{default: a, values: [b]}"),
            "variables.question.default 6:23 is none of the variable's values");
  EXPECT_EQ(wrong("{default: a, required: true}"),
            "variables.question.required 6:36 a variable with a default is never missing | Leave out one of "
            "the two.");
  std::string variants(kPrompt);
  variants += "variants: [{name: a, weight: 60}, {name: a, weight: 50}]\n";
  const auto problems = check(prompt(), variants);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].path, "variants[1].name");
  EXPECT_EQ(problems[1].path, "variants");
  EXPECT_EQ(only(check(prompt(), replaced(kPrompt, "- placeholder: messages",
                                          "- placeholder: messages\n  - placeholder: messages"))),
            "messages[2] 13:5 the caller's messages have a place already | Keep one placeholder.");
}

TEST(Kinds, RulesOfTheOthers) {
  EXPECT_EQ(only(check({"s", "tool", "a.b"}, "description: x\nparameters: {type: object}")),
            " 1:1 'a.b' can't be a tool's name: models know it by that | Use at most 64 letters, digits, "
            "hyphens and underscores.");
  EXPECT_EQ(only(check({"s", "tool", "a"}, "description: x\nparameters: {type: string}")).substr(0, 15),
            "parameters 2:13");
  EXPECT_EQ(only(check({"s", "tool", "a"},
                       "description: x\nparameters: {type: object, properties: {a: {type: text}}}"))
                .substr(0, 36),
            "parameters.properties.a.type 2:51 mu");
  EXPECT_EQ(only(check({"s", "guardrail", "g"}, "rules: [{type: patterns, patterns: ['(a']}]")).substr(0, 28),
            "rules[0].patterns[0] 1:37 is");
  EXPECT_EQ(only(check({"s", "guardrail", "g"}, "rules: [{type: words}]")),
            "rules[0].words 1:9 'words' is missing");
  EXPECT_EQ(only(check({"s", "guardrail", "g"}, "rules: [{words: [a]}]")),
            "rules[0].type 1:9 'type' is missing");
  EXPECT_EQ(only(check({"s", "flow", "f"}, "steps: [{id: a, prompt: p}, {id: b, tool: t, agent: x}]"))
                .substr(0, 22),
            "steps[1] 1:29 says mor");
  EXPECT_EQ(only(check({"s", "flow", "f"}, "steps: [{id: a, prompt: p, after: [b]}, {id: b, tool: t}]")),
            "steps[0].after[0] 1:36 there is no step 'b' above this one");
  EXPECT_EQ(only(check({"s", "dataset", "d"}, "cases: [{id: a, input: x}, {id: a, input: y}]")).substr(0, 11),
            "cases[1].id");
  EXPECT_EQ(only(check({"s", "dataset", "d"}, "description: x")), "cases 1:1 'cases' is missing");
  EXPECT_EQ(only(check({"s", "evaluation", "e"},
                       "dataset: d\nmetrics: [{metric: equals}]\nthresholds: [{metric: equal, min: 0.9}]")),
            "thresholds[0].metric 3:23 there is no metric 'equal' | Did you mean 'equals'?");
  const auto metric = [&](std::string_view one) {
    return only(check({"s", "evaluation", "e"}, fmt::format("dataset: d\nmetrics:\n- {}", one)));
  };
  EXPECT_EQ(metric("{metric: regex, params: {pattern: '('}}").substr(0, 31),
            "metrics[0].params.pattern 3:37 ");
  EXPECT_EQ(metric("{metric: rouge_l, params: {stemm: true}}"),
            "metrics[0].params.stemm 3:30 there is no 'stemm' here | Did you mean 'stem'?");
  EXPECT_EQ(metric("{metric: latency, params: {min: 3, max: 2}}"),
            "metrics[0].params.min 3:35 is more than max: nothing could pass");
  EXPECT_EQ(metric("{metric: correctness, params: {model: careful, vote: 3}}"),
            "metrics[0].params.vote 3:50 there is no 'vote' here | Did you mean 'votes'?");
  EXPECT_EQ(metric("{metric: correctness}"),
            "metrics[0].params 3:3 no model judges | Name a model: params: {model: careful}.");
  EXPECT_EQ(metric("{metric: correctness, judge: mine}"), "0 problems");
  EXPECT_EQ(metric("{metric: judge, params: {model: careful}}").substr(0, 58),
            "metrics[0].params 3:27 says neither which judge it is nor ");
  EXPECT_EQ(metric("{metric: judge, params: {judge: rubrik, model: m}}").substr(0, 49),
            "metrics[0].params.judge 3:35 must be one of corre");
  EXPECT_EQ(metric("{metric: rubric, params: {model: careful}}"),
            "metrics[0].params 3:28 the judge 'rubric' goes by a rubric | Write it under params.rubric.");
  EXPECT_EQ(metric("{metric: faithfulness, params: {models: [a, b], order: both}}"),
            "metrics[0].params.order 3:58 only the judge 'pairwise' compares two answers");
  EXPECT_EQ(metric("{metric: coherence, params: {model: a, models: [b]}}"),
            "metrics[0].params.models 3:50 there is a model already | Keep one of model and models.");
  EXPECT_EQ(
      metric("{metric: judge, params: {judge: correctness, model: m, votes: 3, prompt: p, rubric: r, steps: "
             "[a], "
             "scale: {labels: {yes: 1, no: {value: 0, means: never}}}, examples: [{answer: a, label: yes}], "
             "calibrate: {field: human}, expected: page, parameters: {temperature: 0}, attempts: 2}}"),
      "0 problems");
  EXPECT_EQ(metric("{metric: regex}"), "metrics[0].params 3:3 'params' is missing");
  EXPECT_EQ(metric("{all: [{metric: json}]}"),
            "metrics[0].name 3:3 a set needs a name: it has no metric to be called by");
  EXPECT_EQ(metric("{name: x, any: [{metric: json}, {metric: bleu, params: {smoothing: no}}]}").substr(0, 40),
            "metrics[0].any[1].params.smoothing 3:70 ");
  EXPECT_EQ(metric("{name: x, metric: json, any: [{metric: xml}]}").substr(0, 56),
            "metrics[0] 3:3 is more than one of metric, all and any |");
  EXPECT_EQ(only(check({"s", "evaluation", "e"}, R"(dataset: d
metrics:
- {metric: my_own_judge, params: {anything: [1]}, judge: p, threshold: 0.5, for: {tags: [a]}}
- {name: both, all: [{metric: json}, {name: either, any: [{metric: xml, negate: true}, {metric: html}]}]}
- {metric: json_schema, params: {schema: {type: object}}}
thresholds: [{metric: both, min: 0.9}])")),
            "0 problems");
  EXPECT_EQ(
      only(check({"s", "model", "m"}, "connection: a\nmodel: b\nfallbacks: [{connection: a, model: b}]"))
          .substr(0, 12),
      "fallbacks[0]");
  EXPECT_EQ(only(check({"s", "knowledge", "k"}, "sources: [{type: web}]")),
            "sources[0].url 1:11 'url' is missing");
  EXPECT_EQ(only(check({"s", "agent", "a"}, "prompt: p\nmax_steps: 0")),
            "max_steps 2:12 must be at least 1, but is 0");
}

TEST(Kinds, RefusesWhatCantBeKeptExactly) {
  const AssetName name{"s", "dataset", "d"};
  EXPECT_EQ(only(check(name, "cases: [{input: x, expected: 9007199254740993}]")),
            "cases[0].expected 1:30 this number is too large to be kept exactly | Put it in quotes.");
  EXPECT_EQ(only(check(name, "cases: [{input: \"a\\0b\"}]")),
            "cases[0].input 1:17 a text must not hold a zero character");
}

TEST(Kinds, LongTextsAreHeldAgainstPatternsWithoutHarm) {
  const std::string text(4u << 20, 'a');
  const json::object content = {{"sources", json::array{json::object{{"type", "web"}, {"url", text}}}}};
  EXPECT_GE(validate("knowledge", content).size(), 1u);
}

TEST(Kinds, PutsMembersInTheSchemasOrder) {
  const json::object content = yaml_to_json(*parse_yaml(kPrompt, "")).as_object();
  const json::value sorted = json::parse(canonical_json(content));
  const std::string yaml = to_yaml("prompt", sorted.as_object());
  EXPECT_LT(yaml.find("description:"), yaml.find("model:"));
  EXPECT_LT(yaml.find("model:"), yaml.find("messages:"));
  EXPECT_LT(yaml.find("role: system"), yaml.find("content:"));
  EXPECT_EQ(canonical_json(yaml_to_json(*parse_yaml(yaml, ""))), canonical_json(content));
}

// Every format there ever was: NAME-FORMAT.json is a version exactly as it was stored.
TEST(Kinds, EveryFormatThereEverWasIsRead) {
  for (const std::string& kind : kind_names()) {
    for (std::int64_t format = 1; format <= kFormat; ++format) {
      const std::string file = std::string(SLIPWAY_SOURCE_DIR) + "/tests/data/formats/" + kind + "-" +
                               std::to_string(format) + ".json";
      std::ifstream in(file);
      std::stringstream stored;
      ASSERT_TRUE(in && stored << in.rdbuf()) << file;
      const auto value = parse_json(stored.str());
      ASSERT_TRUE(value) << file << ": " << value.error().describe();
      EXPECT_EQ(canonical_json(*value), stored.str()) << file;
      EXPECT_EQ(value->as_object().at("format").as_int64(), format) << file;
      const auto content = read_format(kind, value->as_object());
      ASSERT_TRUE(content) << file << ": " << content.error().describe();
      const AssetName name{"support", kind, "one"};
      for (const Problem& problem : validate(name, *content))
        ADD_FAILURE() << file << ": " << problem.path << ": " << problem.message;
    }
  }
}

TEST(Kinds, ANewerFormatIsNotGuessedAt) {
  const auto read = read_format("prompt", {{"format", kFormat + 1}});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(read_format("prompt", {}));
}

}  // namespace
}  // namespace slipway::catalog
