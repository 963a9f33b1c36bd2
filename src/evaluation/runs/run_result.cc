// SPDX-License-Identifier: Apache-2.0
#include "evaluation/runs/run_result.h"

#include <cmath>

#include "base/text.h"
#include "evaluation/runs/ports.h"
#include "llm/json_writer.h"

namespace slipway::evaluation {

namespace {

constexpr std::string_view kItem = R"({"item":)";
constexpr std::string_view kOk = R"(,"status":"ok")";
constexpr std::string_view kError = R"(,"status":"error")";

// What slices and clusters are made of.
void append_traits(llm::JsonWriter& writer, const RunCase& one) {
  if (const json::value* tags = one.field("tags"); tags != nullptr) writer.member("tags", *tags);
  if (const json::value* cluster = one.field("cluster"); cluster != nullptr)
    writer.member("cluster", *cluster);
}

// What each judge said. Labels are the evaluation's own words: they say nothing of the answer's text.
void append_notes(llm::JsonWriter& writer, const std::vector<JudgeNote>& notes) {
  writer.key("judges");
  writer.begin_array();
  for (const JudgeNote& note : notes) {
    writer.begin_object();
    writer.member("model", note.model);
    writer.nonempty_member("label", note.label);
    writer.member("value", note.value);
    writer.key("votes");
    writer.begin_array();
    for (const auto& [label, count] : note.votes) {
      writer.begin_object();
      writer.member("verdict", label);
      writer.member("count", count);
      writer.end_object();
    }
    writer.end_array();
    writer.nonempty_member("invocation", note.invocation);
    writer.end_object();
  }
  writer.end_array();
}

void append_scores(llm::JsonWriter& writer, const std::vector<std::string>& metrics,
                   const std::vector<AnswerScore>& scores, const ResultLimits& limits) {
  writer.key("scores");
  writer.begin_array();
  for (std::size_t i = 0; i < scores.size() && i < metrics.size(); ++i) {
    const AnswerScore& score = scores[i];
    if (score.skipped) continue;
    writer.begin_object();
    writer.member("metric", metrics[i]);
    if (score.value) writer.member("value", *score.value);
    if (score.passed) writer.member("passed", *score.passed);
    if (limits.keep_texts) writer.nonempty_member("reason", ellipsize(score.reason, limits.reason_bytes));
    writer.nonempty_member("error", ellipsize(score.error, limits.reason_bytes));
    if (!score.notes.empty()) append_notes(writer, score.notes);
    writer.end_object();
  }
  writer.end_array();
}

}  // namespace

void append_result(std::string& out, const CallOrder& order, const CallOutcome& outcome,
                   const std::vector<std::string>& metrics, const std::vector<AnswerScore>& scores,
                   std::uint32_t attempts, const ResultLimits& limits) {
  const bool answered = outcome.end == CallEnd::kAnswered;
  llm::JsonWriter writer(out);
  writer.begin_object();
  writer.member("item", order.item);
  writer.member("status", answered ? "ok" : "error");
  writer.member("case", order.one->id);
  writer.member("number", order.one->number);
  writer.member("cell", order.cell);
  writer.member("repeat", order.repeat);
  append_traits(writer, *order.one);
  if (answered) {
    if (limits.keep_texts) {
      writer.member("answer", ellipsize(outcome.text, limits.answer_bytes));
      if (!outcome.message.empty() && outcome.message.size() <= limits.answer_bytes)
        writer.raw_member("message", outcome.message);
    }
    writer.nonempty_member("finish_reason", outcome.finish_reason);
    append_scores(writer, metrics, scores, limits);
  } else {
    writer.key("error");
    writer.begin_object();
    writer.member("code", outcome.error_code);
    writer.member("message", ellipsize(outcome.error_message, limits.reason_bytes));
    writer.end_object();
  }
  writer.nonempty_member("invocation", outcome.invocation);
  writer.nonempty_member("model", outcome.model);
  if (outcome.input_tokens >= 0) writer.member("input_tokens", outcome.input_tokens);
  if (outcome.output_tokens >= 0) writer.member("output_tokens", outcome.output_tokens);
  if (outcome.cost_nano >= 0) writer.member("cost_nano", outcome.cost_nano);
  writer.member("latency_us", outcome.latency_us);
  if (outcome.first_token_us >= 0) writer.member("first_token_us", outcome.first_token_us);
  writer.member("attempts", attempts);
  writer.end_object();
  out += '\n';
}

Result<ResultHead> read_head(std::string_view line) {
  ResultHead head;
  if (line.starts_with(kItem)) {
    const std::string_view rest = line.substr(kItem.size());
    const std::size_t end = rest.find(',');
    const auto item =
        parse_integer<std::uint64_t>(rest.substr(0, end == std::string_view::npos ? rest.size() : end));
    const std::string_view status = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    if (item && (status.starts_with(kOk) || status.starts_with(kError))) {
      head.item = *item;
      head.error = status.starts_with(kError);
      return head;
    }
  }
  return fail(ErrorCode::kDataLoss, "a stored result can't be read", "evaluation",
              "Restore the database from a backup; 'slipway doctor' tells more.");
}

}  // namespace slipway::evaluation
