// SPDX-License-Identifier: Apache-2.0
#include "evaluation/gate/outputs.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "evaluation/gate/html_page.h"
#include "evaluation/gate/show.h"
#include "evaluation/gate/test_gate.h"
#include "evaluation/metrics/answer_schema.h"
#include "evaluation/metrics/structure_metrics.h"

namespace slipway::evaluation {
namespace {

constexpr std::string_view kRules = R"({"thresholds": [
  {"metric": "correct", "min": 0.8, "max_drop": 0.05},
  {"metric": "faithful", "max_drop": 0, "area": "safety"},
  {"metric": "latency", "of": "p95", "max": 4},
  {"metric": "cost", "max_rise_share": 0.2},
  {"metric": "error_share", "max": 0.05}]})";

// As a small team's run looks: some got worse in one slice, slower and dearer.
GateRun example(std::string name, bool worse, std::size_t cases = 120) {
  GateRun run = run_of(std::move(name), {{"correct", ScoreKind::kVerdict}, {"faithful", ScoreKind::kShare}});
  std::mt19937_64 random(5);
  const auto uniform = [&random] { return std::uniform_real_distribution<double>(0, 1)(random); };
  for (std::size_t i = 0; i < cases; ++i) {
    const double hard = uniform();
    const bool refund = i % 4 == 0;
    const bool correct = hard < (worse && refund ? 0.45 : 0.9);
    GateAnswer& answer =
        add_answer(run, "case-" + std::to_string(i), {correct ? 1.0 : 0.0, 0.5 + 0.5 * uniform()});
    answer.tags = {refund ? "refund" : "order", i % 10 == 0 ? "de" : "en"};
    if (!correct)
      answer.scores[0].reason =
          "Expected \"" + std::to_string(10 * i) + " EUR\", but the answer names another sum.";
    answer.latency_s = (worse ? 1.3 : 1.0) * (0.4 + 2 * uniform() * uniform());
    answer.first_token_s = 0.2 * *answer.latency_s;
    answer.cost_usd = (worse ? 0.0013 : 0.0012) * (0.8 + 0.4 * uniform());
    answer.input = "Can I get my money back for order " + std::to_string(i) + "?";
    answer.expected = std::to_string(10 * i) + " EUR";
    answer.answer = correct ? answer.expected : "Please ask our shop.";
    answer.link = "https://slipway.example/invocations/" + std::to_string(i);
  }
  return run;
}

constexpr std::string_view kEvil =
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> | `x` ](javascript:alert(3)) "
    "@everyone \x1b[31m \x01 \xff \"quoted\" & <!-- ]]> \xef\xbf\xbf";

GateRun evil() {
  GateRun run = run_of(std::string(kEvil), {{"correct", ScoreKind::kVerdict}});
  run.dataset = kEvil;
  run.link = "javascript:alert(4)";
  for (int i = 0; i < 30; ++i) {
    GateAnswer& answer = add_answer(run, std::string(kEvil) + std::to_string(i), {0});
    answer.tags = {std::string(kEvil)};
    answer.scores[0].reason = kEvil;
    answer.input = answer.expected = answer.answer = kEvil;
    answer.link = "javascript:alert(5)";
  }
  return run;
}

GateReport example_report() {
  static const GateRun candidate = example("support-assistant@7", true);
  static const GateRun baseline = example("support-assistant@6", false);
  return judged(candidate, &baseline, kRules);
}

// Compares with the file of tests/data/evaluation/gate; SLIPWAY_RENEW=1 writes it instead.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = SLIPWAY_SOURCE_DIR "/tests/data/evaluation/gate/" + name;
  const char* renew = std::getenv("SLIPWAY_RENEW");  // NOLINT(concurrency-mt-unsafe)
  if (renew != nullptr && *renew == '1') {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream in(path);
  const std::string expected((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, expected) << "SLIPWAY_RENEW=1 writes " << path << " anew";
}

TEST(GateOutputs, AreAsTheyWere) {
  const GateReport report = example_report();
  expect_golden("report.txt", gate_text(report));
  expect_golden("report.md", gate_markdown(report));
  expect_golden("report.xml", gate_junit(report));
}

TEST(GateOutputs, JunitIsWellFormedAndCounts) {
  const GateRun run = evil();
  for (const GateReport& report :
       {example_report(), judged(run, nullptr, R"({"thresholds": [{"metric": "correct", "min": 0.9}]})"),
        judged(run, nullptr, "{}")}) {
    const std::string xml = gate_junit(report);
    const Score formed = score_xml(xml);
    EXPECT_EQ(formed.value, 1) << formed.reason << xml;
  }
  const std::string xml = gate_junit(example_report());
  EXPECT_NE(xml.find("name=\"correct.max_drop\"><failure message=\"Certainly lower than allowed"),
            std::string::npos)
      << xml;
  // Nothing to judge by is an error that CI shows.
  EXPECT_NE(gate_junit(judged(run, nullptr, "{}")).find("name=\"verdict\"><error"), std::string::npos);
}

TEST(GateOutputs, JsonFollowsItsSchema) {
  const auto schema = parse_json(gate_json_schema());
  ASSERT_TRUE(schema);
  const auto compiled = AnswerSchema::compile(*schema);
  ASSERT_TRUE(compiled) << compiled.error().describe();
  const GateRun run = evil();
  for (const GateReport& report : {example_report(), judged(run, nullptr, "{}")}) {
    const std::string text = json::serialize(gate_json(report));
    const auto again = parse_json(text);
    ASSERT_TRUE(again) << again.error().describe();
    const auto wrong = compiled->check(*again);
    ASSERT_TRUE(wrong);
    EXPECT_EQ(*wrong, "");
  }
  json::object broken = gate_json(example_report());
  broken.erase("verdict");
  EXPECT_NE(*compiled->check(broken), "");
}

TEST(GateOutputs, MarkdownFitsAndSaysWhatIsLeftOut) {
  GateRun run = evil();
  for (int i = 0; i < 2'000; ++i) {
    GateAnswer& answer = add_answer(run, "long-" + std::string(150, 'x') + std::to_string(i), {0});
    answer.scores[0].reason = std::string(i % 300 + 10, 'y') + " unlike " + std::string(i % 7 + 1, 'z');
    answer.input = std::string(5'000, 'q');
  }
  const GateReport report = judged(run, nullptr, R"({"thresholds": [{"metric": "correct", "min": 0.9}]})");
  EXPECT_LE(gate_markdown(report).size(), kCommentLimit);
  for (const std::size_t limit : {0, 2'000, 3'000, 5'000, 10'000}) {
    const std::string text = gate_markdown(report, limit);
    EXPECT_LE(text.size(), std::max<std::size_t>(limit, kCommentLeast));
    EXPECT_TRUE(text.starts_with("## ❌ Gate: fail")) << text.substr(0, 100);
  }
  EXPECT_NE(gate_markdown(report, 5'000).find("more\n"), std::string::npos);
}

TEST(GateOutputs, NothingOfACaseIsMarkup) {
  const GateRun run = evil();
  const GateReport report = judged(run, nullptr, R"({"thresholds": [{"metric": "correct", "min": 0.9}]})");
  const std::string markdown = gate_markdown(report);
  for (const std::string_view bad :
       {"<script", "<img", "](javascript", "@everyone", "javascript:", "\x1b", "<!--"})
    EXPECT_EQ(markdown.find(bad), std::string::npos) << bad;
  const std::string terminal = gate_text(report);
  EXPECT_EQ(terminal.find('\x1b'), std::string::npos);
  const std::string page = gate_html(report, run, nullptr);
  // The page has two scripts of its own: data and program.
  std::size_t scripts = 0;
  for (std::size_t at = page.find("<script"); at != std::string::npos; at = page.find("<script", at + 1))
    ++scripts;
  EXPECT_EQ(scripts, 2U);
  std::size_t ends = 0;
  for (std::size_t at = page.find("</script"); at != std::string::npos; at = page.find("</script", at + 1))
    ++ends;
  EXPECT_EQ(ends, 2U);
  for (const std::string_view bad : {"<img", "<!--", "href=\"javascript"})
    EXPECT_EQ(page.find(bad), std::string::npos) << bad;
  const std::size_t begin = page.find("id=\"data\">") + 10;
  const auto data = parse_json(std::string_view(page).substr(begin, page.find("</script", begin) - begin));
  ASSERT_TRUE(data) << data.error().describe();
  EXPECT_EQ(data->as_object().at("ids").as_array().size(), 30U);
}

TEST(GateOutputs, HtmlLoadsNothing) {
  const GateRun candidate = example("support-assistant@7", true);
  const GateRun baseline = example("support-assistant@6", false);
  const GateRun cheap = [] {
    GateRun run = example("small-model", true);
    for (GateAnswer& answer : run.answers) *answer.cost_usd /= 6;
    return run;
  }();
  GateQuestion question;
  question.candidate = &candidate;
  question.baseline = &baseline;
  question.variants = {&cheap};
  question.rules = rules_of(kRules);
  question.evaluation = "support-assistant/evaluation/golden@3";
  question.environment = "preprod";
  const auto report = judge_gate(question);
  ASSERT_TRUE(report);
  const std::string page = gate_html(*report, candidate, &baseline);
  for (const std::string_view bad : {" src=", "@import", "url(", "<link"})
    EXPECT_EQ(page.find(bad), std::string::npos) << bad;
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  for (const std::string_view part :
       {"<h2>Thresholds", "<h2>Failures", "Price against quality", "Latency percentiles",
        "Differences to the baseline", "Distribution of correct"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  if (const char* path = std::getenv("SLIPWAY_REPORT"); path != nullptr)
    std::ofstream(path) << page;  // NOLINT(concurrency-mt-unsafe)
}

TEST(GateOutputs, HtmlOfManyCasesStaysSmall) {
  const GateRun candidate = example("support-assistant@7", true, 100'000);
  const GateReport report = judged(candidate, nullptr, kRules);
  const std::string page = gate_html(report, candidate, nullptr);
  EXPECT_LT(page.size(), 8U << 20);
  EXPECT_EQ(report.worst.size(), GateLimits{}.worst);
  if (const char* path = std::getenv("SLIPWAY_LARGE_REPORT"); path != nullptr)
    std::ofstream(path) << page;  // NOLINT(concurrency-mt-unsafe)
}

TEST(Show, NumbersReadWell) {
  EXPECT_EQ(show_number(0.1234567), "0.1235");
  EXPECT_EQ(show_number(12.3456), "12.35");
  EXPECT_EQ(show_number(1234.5678), "1235");
  EXPECT_EQ(show_number(-0.00001234), "-0.00001234");
  EXPECT_EQ(show_number(2), "2");
  EXPECT_EQ(show_number(0), "0");
  EXPECT_EQ(show_whole(1'234'567), "1,234,567");
  EXPECT_EQ(show_value("cost", 0.0012), "0.0012 USD");
  EXPECT_EQ(show_p(0.00001), "< 0.0001");
}

}  // namespace
}  // namespace slipway::evaluation
