// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "evaluation/runs/case_input.h"
#include "evaluation/runs/gateway_caller.h"
#include "evaluation/runs/given_responses.h"
#include "evaluation/runs/http_target.h"

namespace slipway::evaluation {
namespace {

llm::PromptVariable variable(std::string name, bool required) {
  llm::PromptVariable out;
  out.name = std::move(name);
  out.required = required;
  return out;
}

std::string call_for(std::string_view input, const std::vector<llm::PromptVariable>& variables) {
  const auto call = call_of_input(json::parse(input), variables);
  return call ? json::serialize(*call) : call.error().describe();
}

TEST(CaseInput, BecomesWhatACallerWouldSend) {
  EXPECT_EQ(call_for(R"("Hi")", {}), R"({"messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(call_for(R"("Hi")", {variable("question", true), variable("tone", false)}),
            R"({"variables":{"question":"Hi"}})");
  EXPECT_NE(call_for(R"("Hi")", {variable("a", true), variable("b", true)}).find("2 variables (a, b"),
            std::string::npos);
  EXPECT_EQ(call_for(R"([{"role":"user","content":"Hi"}])", {}),
            R"({"messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(call_for(R"({"a":1,"messages":[{"role":"user","content":"Hi"}]})", {}),
            R"({"messages":[{"role":"user","content":"Hi"}],"variables":{"a":1}})");
  EXPECT_EQ(call_for(R"({"a":1,"messages":"two"})", {}), R"({"variables":{"a":1,"messages":"two"}})");
  EXPECT_TRUE(messages_of_input(json::parse(R"({"question":"Hi"})")));
  EXPECT_FALSE(messages_of_input(json::parse(R"({"a":"x","b":"y"})")));
}

gateway::LocalAnswer local(int status, telemetry::Status how) {
  gateway::LocalAnswer answer;
  answer.http_status = status;
  answer.status = how;
  answer.complete = true;
  answer.sent_upstream = true;
  answer.body = R"({"choices":[{"message":{"role":"assistant","content":"Yes"}}]})";
  return answer;
}

TEST(GatewayAnswer, MeansSomethingForARun) {
  using telemetry::Status;
  const CallOutcome ok = outcome_of(local(200, Status::kOk));
  EXPECT_EQ(ok.end, CallEnd::kAnswered);
  EXPECT_EQ(ok.text, "Yes");
  EXPECT_TRUE(ok.paid);
  EXPECT_EQ(outcome_of(local(429, Status::kLimited)).end, CallEnd::kLimited);
  EXPECT_EQ(outcome_of(local(503, Status::kLimited)).end, CallEnd::kLimited);
  EXPECT_EQ(outcome_of(local(502, Status::kUpstreamError)).end, CallEnd::kFailed);
  EXPECT_EQ(outcome_of(local(529, Status::kUpstreamError)).end, CallEnd::kLimited);
  EXPECT_EQ(outcome_of(local(504, Status::kUpstreamError)).end, CallEnd::kFailed);
  EXPECT_EQ(outcome_of(local(400, Status::kClientError)).end, CallEnd::kRefused);
  EXPECT_EQ(outcome_of(local(0, Status::kInterrupted)).end, CallEnd::kCancelled);
  EXPECT_FALSE(outcome_of(local(502, Status::kUpstreamError)).paid);
  gateway::LocalAnswer overloaded = local(503, Status::kUpstreamError);
  EXPECT_EQ(outcome_of(overloaded).end, CallEnd::kFailed);
  overloaded.retry_after_s = 2;
  EXPECT_EQ(outcome_of(overloaded).end, CallEnd::kLimited);
  gateway::LocalAnswer cut = local(200, Status::kOk);
  cut.complete = false;
  EXPECT_EQ(outcome_of(cut).end, CallEnd::kFailed);
}

RunCase case_of(std::string_view text) {
  RunCase one;
  one.fields = json::parse(text).as_object();
  one.id = std::string(one.fields.at("id").as_string());
  return one;
}

TEST(HttpTarget, FillsItsTemplatesFromTheCaseAsData) {
  const auto target = HttpTarget::read(json::parse(R"({
    "url": "https://app.example/ask/{{id}}?q={{input}}", "method": "POST",
    "headers": {"X-Case": "{{id}}"},
    "body": {"question": "{{input}}", "who": {"name": "{{metadata.name}}"}, "n": 3},
    "response_path": "/data/0/text"})")
                                           .as_object());
  ASSERT_TRUE(target) << target.error().describe();
  const auto request =
      target->request_for(case_of(R"({"id":"a b","input":"say \"{{id}}\"","metadata":{"name":"Ada"}})"));
  ASSERT_TRUE(request) << request.error().describe();
  EXPECT_EQ(request->target, "/ask/a%20b?q=say%20%22%7B%7Bid%7D%7D%22");
  EXPECT_EQ(request->body, R"({"question":"say \"{{id}}\"","who":{"name":"Ada"},"n":3})");
  EXPECT_EQ(request->headers.front(), (std::pair<std::string, std::string>("x-case", "a b")));
  EXPECT_EQ(*target->answer_in(R"({"data":[{"text":"Yes"}]})"), "Yes");
  EXPECT_EQ(*target->answer_in(R"({"data":[{"text":{"a":1}}]})"), R"({"a":1})");
  EXPECT_FALSE(target->answer_in(R"({"data":[]})"));
  EXPECT_FALSE(target->answer_in("Yes"));
  EXPECT_FALSE(target->request_for(case_of(R"({"id":"a\nb","input":"x"})")));  // no second header
}

TEST(HttpTarget, SaysWhatIsWrongWithIt) {
  const auto problem = [](std::string_view text) {
    const auto target = HttpTarget::read(json::parse(text).as_object());
    return target ? std::string("nothing") : target.error().describe();
  };
  EXPECT_NE(problem(R"({"url":"https://{{host}}/"})").find("host can't be a variable"), std::string::npos);
  EXPECT_NE(problem(R"({"url":"ftp://x/"})").find("target.http.url"), std::string::npos);
  EXPECT_NE(problem(R"({"url":"https://x/","body":"{{#a}}"})").find("target.http.body"), std::string::npos);
  EXPECT_NE(problem(R"({"url":"https://x/","response_path":"$.a"})").find("JSON pointer"), std::string::npos);
  EXPECT_EQ(problem(R"({"url":"https://x"})"), "nothing");
}

// A file in pieces of a few bytes.
struct TestFile {
  std::string text;
  std::size_t piece = 7;
  catalog::ByteSource source() {
    return [this, at = std::size_t{0}]() mutable -> Result<std::string_view> {
      const std::string_view out = std::string_view(text).substr(std::min(at, text.size()), piece);
      at += out.size();
      return out;
    };
  }
  PieceSource pieces() {
    return [this](std::uint64_t byte) -> Result<FilePiece> {
      const std::uint64_t first = byte / piece * piece;
      return FilePiece{first, text.substr(first, piece)};
    };
  }
};

TEST(GivenResponses, AreFoundByCaseOrByPrompt) {
  TestFile file{R"({"id":"b","response":"of b","latency_ms":12.5,"cost_usd":0.001,"model":"m"}
{"id":"a","response":{"x":1}}

{"id":"b","response":"of b again"}
{"prompt":"Where?","modelResponses":[{"response":"There","modelIdentifier":"theirs"}]}
{"conversationTurns":[{"prompt":{"content":[{"text":"Why?"}]},"output":{"text":"Because"}}]}
{"id":"e","error":"it broke"})"};
  auto given = GivenResponses::open(file.source(), file.pieces());
  ASSERT_TRUE(given) << given.error().describe();
  EXPECT_EQ((*given)->size(), 6u);
  std::map<std::string, CallOutcome> seen;
  const auto ask = [&](std::string_view text, std::uint32_t repeat = 0) {
    CallOutcome out;
    (*given)->start({{0, 0, repeat, std::make_shared<RunCase>(case_of(text))}},
                    [&](const CallOrder&, CallOutcome outcome) { out = std::move(outcome); });
    return out;
  };
  const CallOutcome b = ask(R"({"id":"b","input":"?"})");
  EXPECT_EQ(b.text, "of b");
  EXPECT_EQ(b.latency_us, 12'500);
  EXPECT_EQ(b.cost_nano, 1'000'000);
  EXPECT_FALSE(b.paid);
  EXPECT_EQ(ask(R"({"id":"b","input":"?"})", 1).text, "of b again");
  EXPECT_EQ(ask(R"({"id":"b","input":"?"})", 2).error_code, "no_response");
  EXPECT_EQ(ask(R"({"id":"a","input":"?"})").text, R"({"x":1})");
  EXPECT_EQ(ask(R"({"id":"z","input":"Where?"})").text, "There");
  EXPECT_EQ(ask(R"({"id":"z","input":"Where?"})").model, "theirs");
  EXPECT_EQ(ask(R"({"id":"z","input":[{"role":"user","content":"Why?"}]})").text, "Because");
  EXPECT_EQ(ask(R"({"id":"e","input":"?"})").error_code, "given_error");
  EXPECT_EQ(ask(R"({"id":"nobody","input":"?"})").end, CallEnd::kRefused);
}

TEST(GivenResponses, ABadFileSaysWhichLine) {
  const auto problem = [](std::string text) {
    TestFile file{std::move(text)};
    const auto given = GivenResponses::open(file.source(), file.pieces());
    return given ? std::string("nothing") : given.error().describe();
  };
  EXPECT_NE(problem("{\"id\":\"a\",\"response\":\"x\"}\n{\"id\":\"b\"}\n").find("line 2"), std::string::npos);
  EXPECT_NE(problem("{\"id\":\"a\",\"response\":\"x\"}\nnot json").find("line 2"), std::string::npos);
  EXPECT_NE(problem("").find("no responses"), std::string::npos);
  EXPECT_NE(problem("[1]\n").find("line 1"), std::string::npos);
}

}  // namespace
}  // namespace slipway::evaluation
