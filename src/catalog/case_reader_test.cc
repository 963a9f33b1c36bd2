// SPDX-License-Identifier: Apache-2.0
#include "catalog/case_reader.h"

#include <gtest/gtest.h>

#include "catalog/case_table.h"
#include "catalog/csv.h"

namespace slipway::catalog {
namespace {

struct Read {
  ImportReport report;
  std::vector<std::string> lines;
};

// The file in pieces of `piece` bytes: what comes out must not depend on where they end.
Read read(std::string_view text, ReadOptions options = {}, std::size_t piece = 1u << 20) {
  Read out;
  std::size_t at = 0;
  const ByteSource source = [&]() -> Result<std::string_view> {
    const std::string_view next = text.substr(at, piece);
    at += next.size();
    return next;
  };
  const auto reader = read_cases(source, options);
  if (!reader) {
    out.report.problems.push_back(reader.error());
    return out;
  }
  IdSet ids;
  auto report = import_cases(**reader, options, [&](const Case& one) -> Result<bool> {
    if (!ids.insert(id_hash(one.id))) {
      if (!one.named) return false;
      return fail(ErrorCode::kInvalidArgument, "twice", "id");
    }
    out.lines.push_back(one.line);
    return true;
  });
  if (report)
    out.report = std::move(*report);
  else
    out.report.problems.push_back(report.error());
  return out;
}

std::string without_id(std::string line) {
  const std::size_t begin = line.find("\"id\":\"");
  if (begin == std::string::npos) return line;
  const std::size_t end = line.find("\",", begin);
  return line.erase(begin, end + 2 - begin);
}

std::string problem(const Read& read) {
  if (read.report.problems.empty()) return "none";
  return read.report.problems[0].where + ": " + read.report.problems[0].message;
}

TEST(CaseReader, OwnLinesAreTheSameWhateverThePieces) {
  const std::string text =
      "\xef\xbb\xbf{\"input\": \"Grüße\", \"id\": \"a\", \"tags\": [\"z\", \"b\", \"z\"], \"expected\": "
      "null}\r\n\n"
      "{\"id\": 7, \"input\": {\"question\": \"?\"}, \"metadata\": {}}";
  const std::vector<std::string> expected = {R"({"id":"a","input":"Grüße","tags":["b","z"]})",
                                             R"({"id":"7","input":{"question":"?"}})"};
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
    const Read got = read(text, {}, piece);
    EXPECT_EQ(problem(got), "none");
    EXPECT_EQ(got.lines, expected) << piece;
  }
  EXPECT_EQ(read(text).report.format, "jsonl");
}

TEST(CaseReader, ACaseWithoutAnIdIsCalledByItsContentAndKeptOnce) {
  const Read once = read("{\"input\":\"x\",\"expected\":\"y\"}\n");
  const Read twice = read("{\"expected\":\"y\",  \"input\":\"x\"}\n{\"input\":\"x\",\"expected\":\"y\"}\n");
  ASSERT_EQ(once.lines.size(), 1u);
  EXPECT_EQ(once.lines, twice.lines);
  EXPECT_EQ(twice.report.repeated, 1);
}

TEST(CaseReader, ProblemsNameTheirLineAndReadingGoesOn) {
  const Read got = read(
      "{\"input\":\"x\",\"id\":\"1\"}\n{\"input\":\n\n{\"inptu\":\"x\",\"input\":\"y\"}\n{\"input\":\"\"}\n"
      "{\"input\":\"x\",\"id\":\"1\"}\n{\"input\":\"z\",\"metadata\":{\"n\":9007199254740993}}\n");
  ASSERT_EQ(got.report.problems.size(), 5u);
  EXPECT_EQ(got.report.problems[0].where, "line 2");
  EXPECT_EQ(got.report.problems[1].where, "line 4: inptu");
  EXPECT_EQ(got.report.problems[1].hint, "Did you mean 'input'?");
  EXPECT_EQ(got.report.problems[2].where, "line 5: input");
  EXPECT_EQ(got.report.problems[3].where, "line 6: id");
  EXPECT_EQ(got.report.problems[4].where, "line 7: metadata");
}

TEST(CaseReader, OpenAiShapes) {
  const Read evals = read(R"({"input":[{"role":"user","content":"2+2?"}],"ideal":["4","four"]})"
                          "\n");
  EXPECT_EQ(problem(evals), "none");
  EXPECT_EQ(evals.report.format, "openai");
  EXPECT_EQ(without_id(evals.lines.at(0)),
            R"({"expected":["4","four"],"input":[{"content":"2+2?","role":"user"}]})");
  const Read chat = read(
      R"({"messages":[{"role":"system","content":"Be kind"},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello","weight":1}]})");
  EXPECT_EQ(
      without_id(chat.lines.at(0)),
      R"({"expected":"Hello","input":[{"content":"Be kind","role":"system"},{"content":"Hi","role":"user"}]})");
  const Read item = read(R"({"item":{"question":"Who?","ground_truth":"Ada"}})");
  EXPECT_EQ(without_id(item.lines.at(0)), R"({"expected":"Ada","input":{"question":"Who?"}})");
  const Read preference = read(
      R"({"input":{"messages":[{"role":"user","content":"Hi"}]},"preferred_output":[{"role":"assistant","content":"Hello"}],"non_preferred_output":[{"role":"assistant","content":"What?"}]})");
  EXPECT_EQ(
      without_id(preference.lines.at(0)),
      R"({"expected":"Hello","input":[{"content":"Hi","role":"user"}],"metadata":{"non_preferred_output":[{"content":"What?","role":"assistant"}]}})");
}

TEST(CaseReader, BedrockShapes) {
  const Read model = read(
      R"({"prompt":"Capital of France?","referenceResponse":"Paris","category":"geography","modelResponses":[{"response":"Paris","modelIdentifier":"mine"}]})");
  EXPECT_EQ(model.report.format, "bedrock");
  EXPECT_EQ(
      without_id(model.lines.at(0)),
      R"({"expected":"Paris","input":"Capital of France?","metadata":{"modelResponses":[{"modelIdentifier":"mine","response":"Paris"}]},"tags":["geography"]})");
  const Read rag = read(
      R"({"conversationTurns":[{"prompt":{"content":[{"text":"Hi"}]},"referenceResponses":[{"content":[{"text":"Hello"}]}]},{"prompt":{"content":[{"text":"And?"}]},"referenceResponses":[{"content":[{"text":"A"}]},{"content":[{"text":"B"}]}],"output":{"text":"B","retrievedPassages":{"retrievalResults":[{"name":"1","content":{"text":"Passage"}}]}}}]})");
  EXPECT_EQ(problem(rag), "none");
  EXPECT_EQ(
      without_id(rag.lines.at(0)),
      R"({"context":["Passage"],"expected":["A","B"],"input":[{"content":"Hi","role":"user"},{"content":"Hello","role":"assistant"},{"content":"And?","role":"user"}],"metadata":{"output":{"retrievedPassages":{"retrievalResults":[{"content":{"text":"Passage"},"name":"1"}]},"text":"B"}}})");
  const Read retrieve = read(
      R"({"conversationTurns":[{"referenceContexts":[{"content":[{"text":"This"}]}],"prompt":{"content":[{"text":"Q"}]}}]})");
  EXPECT_EQ(without_id(retrieve.lines.at(0)), R"({"context":["This"],"input":"Q"})");
}

TEST(CaseReader, AStrayLineOfAnotherShapeIsTold) {
  const Read got = read("{\"prompt\":\"x\",\"referenceResponse\":\"y\"}\n{\"messages\":[]}\n");
  EXPECT_EQ(problem(got), "line 2: this looks like openai, not like bedrock");
}

TEST(CaseReader, PromptfooYaml) {
  const Read got = read(
      "description: Suite\ndefaultTest:\n  metadata: {team: a}\n  assert:\n    - {type: is-refusal}\ntests:\n"
      "  - description: Capital\n    vars: {country: [France, Spain], tone: polite}\n    assert:\n"
      "      - {type: contains, value: Par}\n      - {type: equals, value: Paris}\n"
      "  - vars: {country: file://list.txt}\n");
  ASSERT_EQ(got.lines.size(), 2u);
  EXPECT_EQ(
      without_id(got.lines[1]),
      R"({"expected":"Paris","input":{"country":"Spain","tone":"polite"},"metadata":{"assert":[{"type":"is-refusal"},{"type":"contains","value":"Par"},{"type":"equals","value":"Paris"}],"description":"Capital","team":"a"}})");
  EXPECT_EQ(problem(got), "line 12: vars.country: refers to a file beside it (file://…)");
}

TEST(CaseReader, PromptfooCsvAndItsAssertions) {
  const Read got = read(
      "question,__expected,__expected2,__description,__metadata:area,__metadata:tags[]\n"
      "Capital?,\"contains-any: Paris, Lyon\",similar(0.8): The capital is Paris,One,geo,\"a, b\"\n");
  EXPECT_EQ(problem(got), "none");
  EXPECT_EQ(got.report.format, "promptfoo");
  EXPECT_EQ(
      without_id(got.lines.at(0)),
      R"({"expected":"The capital is Paris","input":{"question":"Capital?"},"metadata":{"area":"geo","assert":[{"type":"contains-any","value":["Paris","Lyon"]},{"threshold":0.8,"type":"similar","value":"The capital is Paris"}],"description":"One","tags":["a","b"]}})");
}

TEST(CaseReader, CsvMapsColumnsByNameAndByHand) {
  const Read guessed = read("Question;Answer;category;page\n\"a \"\"b\"\"\nc\";d;x|y;7\n");
  EXPECT_EQ(without_id(guessed.lines.at(0)),
            R"({"expected":"d","input":"a \"b\"\nc","metadata":{"page":"7"},"tags":["x","y"]})");
  const Read variables = read("customer,topic,ideal\nAda,parcel,ok\n");
  EXPECT_EQ(without_id(variables.lines.at(0)),
            R"({"expected":"ok","input":{"customer":"Ada","topic":"parcel"}})");
  ReadOptions options;
  options.columns = {{"text", "input"}, {"label", "tags"}, {"secret", "ignore"}};
  const Read mapped = read("text,label,secret\nHi,a,no\n", options);
  EXPECT_EQ(without_id(mapped.lines.at(0)), R"({"input":"Hi","tags":["a"]})");
  options.columns = {{"txet", "input"}};
  EXPECT_EQ(problem(read("text,label\nHi,a\n", options)), "line 1: the file has no column 'txet'");
}

TEST(CaseReader, WhatIsNoCsvIsRefusedWithItsLine) {
  EXPECT_EQ(problem(read("input,expected\na,b\nc\n")), "line 3: has 1 fields, but the header names 2");
  EXPECT_EQ(problem(read("input,expected\n\"a,b\n")), "line 2: a quotation mark is not closed");
  EXPECT_EQ(problem(read("input,expected\na \"b\",c\n")),
            "line 2: there is a quotation mark inside of a field without quotes");
  EXPECT_EQ(problem(read("input,expected\n\"a\"b,c\n")),
            "line 2: there is text behind a closing quotation mark");
  EXPECT_EQ(problem(read("a,expected,split\n")), "line 1: there are no cases in the file");
}

TEST(CaseReader, FilesThatAreNoText) {
  EXPECT_EQ(problem(read("")), "line 1: the file is empty");
  EXPECT_EQ(problem(read(std::string_view("PK\x03\x04zip", 7))),
            "line 1: the file is compressed, or a spreadsheet");
  EXPECT_EQ(problem(read(std::string_view("\xff\xfe{\0", 4))), "line 1: the file is written in UTF-16");
  EXPECT_EQ(problem(read("{\"input\":\"\xff\"}\n{\"input\":\"x\"}\n")), "line 1: is not valid UTF-8");
  EXPECT_EQ(problem(read("tests:\n  - vars: {a: \"\xef x\"}\n")), "line 2: is not valid UTF-8");
  ReadOptions small;
  small.limits.document_bytes = 100;
  small.file_name = "tests.yaml";
  EXPECT_NE(problem(read("- {input: " + std::string(200, 'x') + "}\n", small)).find("more than 100 bytes"),
            std::string::npos);
  ReadOptions narrow;
  narrow.limits.case_bytes = 1024;
  EXPECT_NE(problem(read("{\"input\":\"" + std::string(2000, 'x') + "\"}\n", narrow)).find("the case has"),
            std::string::npos);
  EXPECT_NE(problem(read("{\"input\":\"" + std::string(200'000, 'x') + "\"}\n", narrow, 1000))
                .find("has more than"),
            std::string::npos);
}

TEST(CaseTable, RowsComeBackAsTheyWent) {
  const std::vector<std::string> lines = {
      R"({"expected":{"a":[1,"x"]},"id":"1","input":[{"content":"Hi","role":"user"}],"metadata":{"k":"v"},"split":"test","tags":["a","b"]})",
      R"x({"context":["p","q"],"expected":"=SUM(A1)","id":"2","input":"'quoted, \"twice\"\r\nline"})x",
      R"({"cluster":"c","id":"3","input":"[not a list]","provenance":{"invocation":"x"}})",
      R"({"expected":"\"a\"","id":"4","input":"{\"json\": \"as a text\"}"})"};
  std::string file(kCaseTableHeader);
  for (const std::string& line : lines) ASSERT_TRUE(append_case_row(file, line));
  const Read back = read(file);
  EXPECT_EQ(problem(back), "none");
  EXPECT_EQ(back.lines, lines);
}

TEST(CaseReader, AFilesDigestDoesNotDependOnItsForm) {
  ImportReport report;
  const auto lines = summarize_cases(
      source_of("{\"id\":\"1\",\"input\":\"a\"}\n{\"id\":\"2\",\"input\":\"b\"}\n"), {}, report);
  const auto table = summarize_cases(source_of("id,input\n1,a\n2,b\n"), {}, report);
  ASSERT_TRUE(lines && table);
  EXPECT_EQ(lines->digest, table->digest);
  // What sha256sum says of the two canonical lines.
  EXPECT_EQ(lines->digest.size(), 71u);
  EXPECT_EQ(lines->count, 2);
}

}  // namespace
}  // namespace slipway::catalog
