// SPDX-License-Identifier: Apache-2.0
#include "evaluation/metrics/structure_metrics.h"

#include <gtest/gtest.h>

#include "evaluation/metrics/retrieval_metrics.h"
#include "evaluation/metrics/tool_metrics.h"
#include "evaluation/test_expected.h"

namespace slipway::evaluation {
namespace {

TEST(Structure, JsonInsideOfAnswers) {
  EXPECT_EQ(score_json(R"({"a": 1})", false).value, 1);
  EXPECT_EQ(score_json("```json\n{\"a\": 1}\n```", false).value, 1);
  EXPECT_EQ(score_json(R"(Here: {"a": 1})", false).value, 0);
  EXPECT_EQ(score_json(R"(Here {it} is: {"a": "}"} and more)", true).value, 1);
  EXPECT_EQ(score_json("", true).value, 0);
  EXPECT_EQ(score_json("[[[[", true).value, 0);
  EXPECT_EQ(score_json(std::string(100'000, '['), true).value, 0);
  const AnswerSchema schema = *AnswerSchema::compile(json::parse(R"({"required": ["page"]})"));
  EXPECT_EQ(score_json_schema(R"({"page": 1})", schema, false)->value, 1);
  EXPECT_EQ(score_json_schema("{}", schema, false)->reason,
            "The answer does not fit the schema: the value lacks 'page'.");
  EXPECT_EQ(score_json_schema("{", schema, false)->value, 0);
  const json::value expected = 3;
  EXPECT_EQ(score_json_field(R"({"a": [1, {"b": 3.0}]})", "/a/1/b", &expected, 0, false).value, 1);
  EXPECT_EQ(score_json_field(R"({"a": 2.9})", "/a", &expected, 0.2, false).value, 1);
  EXPECT_EQ(score_json_field(R"({"a": 2.9})", "/a", &expected, 0, false).reason, "/a is 2.9, not 3.");
  EXPECT_EQ(score_json_field(R"({"a": 2.9})", "/b", nullptr, 0, false).reason, "The answer has no /b.");
  EXPECT_EQ(score_json_field(R"({"a": 2.9})", "/a", nullptr, 0, false).value, 1);
}

TEST(Structure, XmlIsReadStrictly) {
  EXPECT_EQ(score_xml("<a><b x='1'/>text</a>").value, 1);
  EXPECT_EQ(score_xml("```xml\n<?xml version=\"1.0\"?><a/>\n```").value, 1);
  for (const std::string_view bad :
       {"", "text", "<a>", "<a></b>", "<a/><b/>", "<a x=1/>", "<a>&nope;</a>", "<a x='1' x='2'/>"})
    EXPECT_EQ(score_xml(bad).value, 0) << bad;
  EXPECT_EQ(score_xml("<a>\n</b>").reason,
            "The answer is no well-formed XML: mismatched tag in line 2, column 3.");
  // Neither files nor a billion laughs.
  EXPECT_EQ(score_xml("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>").value, 1);
  std::string laughs = "<!DOCTYPE a [<!ENTITY l0 'lol'>";
  for (int i = 1; i < 12; ++i) {
    laughs += "<!ENTITY l" + std::to_string(i) + " '";
    for (int j = 0; j < 10; ++j) laughs += "&l" + std::to_string(i - 1) + ";";
    laughs += "'>";
  }
  EXPECT_EQ(score_xml(laughs + "]><a>&l11;</a>").value, 0);
}

TEST(Structure, HtmlWithoutErrors) {
  EXPECT_EQ(score_html("<p>Hi <b>you</b></p>").value, 1);
  EXPECT_EQ(score_html("<!doctype html><html><head><title>t</title></head><body><p>x</body></html>").value,
            1);
  EXPECT_EQ(score_html("<html><body><p>x</p></body></html>").value, 1);
  for (const std::string_view bad :
       {"", "only text", "<p>Hi <b>you</p></b>", "<div></span></div>", "<a href='x"})
    EXPECT_EQ(score_html(bad).value, 0) << bad;
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<div>";
  EXPECT_EQ(score_html(deep).value, 0);
}

TEST(Structure, SqlNeedsNoTables) {
  for (const std::string_view good :
       {"SELECT a, count(*) FROM t JOIN u USING (id) WHERE x > 1 GROUP BY a HAVING count(*) > 2 ORDER BY 2 "
        "DESC LIMIT 5",
        "with r as (select 1) select * from r;",
        "INSERT INTO t (a) VALUES (1); UPDATE t SET a = 2 WHERE b IN (1, 2);",
        "CREATE TABLE t (id INTEGER PRIMARY KEY)", "```sql\nSELECT nope(a) FROM missing -- why\n```",
        "SELECT rank() OVER (PARTITION BY a ORDER BY b) FROM t"})
    EXPECT_EQ(score_sql(good)->value, 1) << good << score_sql(good)->reason;
  for (const std::string_view bad :
       {"", "-- nothing", ";", "SELEC a FROM t", "SELECT FROM t", "SELECT a FROM t WHERE", "SELECT 'open",
        "hello", "SELECT a FROM missing; SELEC b", "SELECT a FROM t WHERE a = = 1"})
    EXPECT_EQ(score_sql(bad)->value, 0) << bad;
  EXPECT_EQ(score_sql(std::string(kSqlBytes + 1, 'x')).error().code, ErrorCode::kResourceExhausted);
  // Nothing is run: an attached file would be there.
  EXPECT_EQ(score_sql("ATTACH DATABASE 'never.db' AS x; DROP TABLE t")->value, 1);
}

TEST(Tools, CallsAreHeldAgainstTheirSchemas) {
  ToolSchemas tools;
  tools.emplace("order",
                *AnswerSchema::compile(json::parse(
                    R"({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}})")));
  const auto reason = [&](const std::vector<ToolCall>& calls) {
    return score_tool_calls_valid(calls, tools, true)->reason;
  };
  EXPECT_EQ(reason({{"order", R"({"id": 1})"}}), "1 tool call can be carried out.");
  EXPECT_EQ(reason({{"order", R"({"id": 1})"}, {"ordr", "{}"}}), "There is no tool 'ordr'.");
  EXPECT_EQ(reason({{"order", R"({"id": "1"})"}}),
            "In the arguments of 'order' /id must be a whole number, but is text.");
  EXPECT_EQ(reason({{"order", ""}}), "In the arguments of 'order' the value lacks 'id'.");
  EXPECT_EQ(reason({{"order", "{"}}).substr(0, 38), "The arguments of 'order' are no JSON: ");
  EXPECT_EQ(score_tool_calls_valid({}, tools, true)->value, 0);
  EXPECT_EQ(score_tool_calls_valid({}, tools, false)->value, 1);
}

TEST(Tools, CallsAreMatched) {
  const std::vector<ToolCall> wanted = {{"a", R"({"x": 1, "y": 2})"}, {"b", "{}"}};
  const auto value = [&](const std::vector<ToolCall>& calls, ToolMatch options = {}) {
    return score_tool_calls(calls, wanted, options)->value;
  };
  EXPECT_EQ(value(wanted), 1);
  EXPECT_EQ(value({wanted[1], wanted[0]}), 1);
  EXPECT_EQ(value({wanted[1], wanted[0]}, {.arguments = true, .ordered = true, .tolerance = 0}), 0.5);
  EXPECT_EQ(value({}), 0);
  // One call of two: F1 is 2/3; half its arguments wrong: of three members in all one is shared.
  EXPECT_NEAR(value({wanted[0]}), 2.0 / 3, 1e-12);
  EXPECT_NEAR(value({{"a", R"({"x": 1, "y": 3})"}}), 2.0 / 3 * (0.5 + 0.5 / 3), 1e-12);
  EXPECT_NEAR(
      value({{"a", R"({"x": 1, "y": 2.1})"}}, {.arguments = true, .ordered = false, .tolerance = 0.2}),
      2.0 / 3, 1e-12);
  EXPECT_NEAR(value({{"a", "not json"}}, {.arguments = false, .ordered = false, .tolerance = 0}), 2.0 / 3,
              1e-12);
  EXPECT_EQ(score_tool_calls({}, {}, {})->value, 1);
  EXPECT_FALSE(score_tool_calls(std::vector<ToolCall>(kToolCalls + 1), {}, {}));
  const auto read = [](std::string_view text) { return tool_calls_from_json(json::parse(text)); };
  EXPECT_EQ(
      (*read(
          R"([{"function": {"name": "a", "arguments": "{\"x\":1}"}}, {"name": "b", "input": {"y": 2}}])"))[1]
          .arguments,
      R"({"y":2})");
  EXPECT_EQ((*read(R"({"name": "a"})"))[0].arguments, "");
  EXPECT_EQ(read(R"([{"name": "a"}, 3])").error().where, "expected[1]");
}

TEST(Retrieval, RanksByHand) {
  const std::vector<std::string> found = {"x", "a", "a", "b", "y"};
  const Relevance relevant = {{"a", 1}, {"b", 1}, {"c", 1}, {"z", 0}};
  EXPECT_NEAR(score_precision_at(found, relevant, 3)->value, 2.0 / 3, 1e-12);  // x a b
  EXPECT_NEAR(score_precision_at(found, relevant, 10)->value, 0.2, 1e-12);
  EXPECT_NEAR(score_precision_at(found, relevant, 0)->value, 0.5, 1e-12);  // x a b y
  EXPECT_NEAR(score_recall_at(found, relevant, 2)->value, 1.0 / 3, 1e-12);
  EXPECT_NEAR(score_reciprocal_rank(found, relevant, 0)->value, 0.5, 1e-12);
  EXPECT_EQ(score_reciprocal_rank(found, relevant, 1)->value, 0);
  const double best = 1 + 1 / std::log2(3) + 0.5;
  EXPECT_NEAR(score_ndcg(found, relevant, 0)->value, (1 / std::log2(3) + 0.5) / best, 1e-12);
  const Relevance graded = {{"a", 3}, {"b", 1}};
  EXPECT_NEAR(score_ndcg(std::vector<std::string>{"b", "a"}, graded, 0)->value,
              (1 + 7 / std::log2(3)) / (7 + 1 / std::log2(3)), 1e-12);
  EXPECT_EQ(score_ndcg(std::vector<std::string>{"a", "b"}, graded, 0)->value, 1);
  const Relevance none = {{"z", 0}};
  for (const auto scoring : {score_precision_at, score_recall_at, score_reciprocal_rank, score_ndcg}) {
    EXPECT_FALSE(scoring(found, none, 0));
    EXPECT_EQ(scoring({}, relevant, 5)->value, 0);
  }
}

TEST(Retrieval, Citations) {
  const auto cited = citations_in("See [a] and [b, c], then [a]; [open", "[", "]");
  EXPECT_EQ(cited, (std::vector<std::string>{"a", "b", "c", "a"}));
  const std::vector<std::string> wanted = {"a", "d"};
  EXPECT_NEAR(score_citation_precision(cited, wanted).value, 1.0 / 3, 1e-12);
  EXPECT_EQ(score_citation_recall(cited, wanted)->value, 0.5);
  EXPECT_EQ(score_citation_precision({}, wanted).value, 0);
  EXPECT_EQ(score_citation_precision({}, {}).value, 1);
  EXPECT_FALSE(score_citation_recall(cited, {}));
}

TEST(Vectors, NearnessByHand) {
  const std::vector<float> a = {1, 0};
  const std::vector<float> b = {1, 1};
  EXPECT_NEAR(*nearness(a, b, Nearness::kCosine), std::sqrt(0.5), 1e-12);
  EXPECT_EQ(*nearness(a, b, Nearness::kDot), 1);
  EXPECT_EQ(*nearness(a, b, Nearness::kEuclidean), 0.5);
  EXPECT_EQ(*nearness(b, b, Nearness::kCosine), 1);
  const std::vector<float> zero = {0, 0};
  EXPECT_FALSE(nearness(a, zero, Nearness::kCosine));
  EXPECT_TRUE(nearness(a, zero, Nearness::kEuclidean));
  EXPECT_FALSE(nearness(a, std::span(b).first(1), Nearness::kDot));
  EXPECT_FALSE(nearness({}, {}, Nearness::kDot));
  const std::vector<float> bad = {1, std::nanf("")};
  EXPECT_FALSE(nearness(a, bad, Nearness::kDot));
}

TEST(Readability, FleschByHand) {
  const std::pair<std::string_view, std::size_t> words[] = {
      {"cat", 1},   {"make", 1},  {"table", 2}, {"jumped", 1}, {"wanted", 2}, {"readable", 3}, {"the", 1},
      {"boxes", 2}, {"names", 1}, {"idea", 2},  {"rhythm", 1}, {"queue", 1},  {"x", 1},        {"42", 1}};
  for (const auto& [word, syllables] : words) EXPECT_EQ(count_syllables(word), syllables) << word;
  const TextFigures figures = text_figures("The cat sat on the mat. It's 3.5 kg! Dr. Who?");
  EXPECT_EQ(figures.words, 12U);
  EXPECT_EQ(figures.sentences, 4U);
  EXPECT_NEAR(*reading_ease({2, 10, 15}), 206.835 - 1.015 * 5 - 84.6 * 1.5, 1e-9);
  EXPECT_NEAR(*reading_grade({2, 10, 15}), 0.39 * 5 + 11.8 * 1.5 - 15.59, 1e-9);
  EXPECT_FALSE(reading_ease(text_figures(" … ")));
  EXPECT_EQ(text_figures("no stop at the end").sentences, 1U);
}

TEST(LanguageOf, LongEnoughTexts) {
  const auto code = [](std::string_view text) {
    const auto found = language_of(text);
    return found ? found->code : std::string("unsure");
  };
  EXPECT_EQ(code("The quick brown fox jumps over the lazy dog and runs away from the angry farmer."), "en");
  EXPECT_EQ(code("Der schnelle braune Fuchs springt über den faulen Hund und läuft dann nach Hause."), "de");
  EXPECT_EQ(code("Le renard brun saute par-dessus le chien paresseux et rentre ensuite à la maison."), "fr");
  EXPECT_EQ(code("El zorro marrón salta sobre el perro perezoso y luego vuelve corriendo a su casa."), "es");
  EXPECT_EQ(code("すばやい茶色の狐がのろまな犬を飛び越えて、それから家に帰りました。"), "ja");
  EXPECT_EQ(code("Быстрая коричневая лиса перепрыгнула через ленивую собаку и побежала домой."), "ru");
  EXPECT_EQ(code("OK"), "unsure");
  EXPECT_EQ(code(""), "unsure");
  EXPECT_EQ(code("\xff\xfe\xfd"), "unsure");
}

}  // namespace
}  // namespace slipway::evaluation
