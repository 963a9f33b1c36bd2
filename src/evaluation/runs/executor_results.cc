// SPDX-License-Identifier: Apache-2.0
// From answers to results, and from results to the run's end.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/clock.h"
#include "evaluation/runs/executor.h"

namespace slipway::evaluation {

namespace {

// No NaN gets into a sum, a result or a file, whatever a metric says.
void mend(AnswerScore& score) {
  if (score.skipped) return;
  if (!score.error.empty()) {
    score.value.reset();
    score.passed.reset();
  } else if (!score.value || !std::isfinite(*score.value)) {
    if (score.value || !score.passed) {
      score.error = "the metric gave no number";
      score.value.reset();
      score.passed.reset();
    } else {
      score.value = *score.passed ? 1.0 : 0.0;
    }
  }
}

bool add_score(MetricTally& tally, const AnswerScore& score) {
  if (score.skipped) return false;
  if (!score.error.empty()) {
    ++tally.errors;
    return false;
  }
  ++tally.scored;
  tally.sum += *score.value;
  tally.ratings.add(score.notes);
  if (!score.passed) return false;
  ++(*score.passed ? tally.passed : tally.failed);
  return !*score.passed;
}

// Whether a judge was to be asked and was not: then nothing is known of the answer.
bool interrupted(const std::vector<AnswerScore>& scores) {
  return std::ranges::any_of(scores, &AnswerScore::interrupted);
}

void add(MetricTally& to, const MetricTally& from) {
  to.scored += from.scored;
  to.passed += from.passed;
  to.failed += from.failed;
  to.errors += from.errors;
  to.sum += from.sum;
  to.ratings.add(from.ratings);
}

}  // namespace

// On a worker: touches nothing that belongs to the run's thread.
Executor::Finished Executor::score(std::vector<Ended> ended) const {
  Finished out;
  const std::vector<std::string>& names = parts_.scorer.names();
  out.delta.cells.resize(shape_.cells);
  for (CellTally& cell : out.delta.cells) cell.metrics.resize(names.size());
  out.taken = static_cast<std::int64_t>(ended.size());
  for (Ended& one : ended) {
    CellTally& cell = out.delta.cells[one.order.cell];
    std::vector<AnswerScore> scores;
    const bool answered = one.outcome.end == CallEnd::kAnswered;
    bool failed = false;
    if (answered) {
      scores = parts_.scorer.score(one.order, one.outcome);
      if (interrupted(scores)) {
        out.unfinished.push_back(std::move(one));
        continue;
      }
      if (std::ranges::any_of(scores, &AnswerScore::unavailable)) ++out.unjudged;
      scores.resize(names.size(), {{}, {}, {}, "the metric gave nothing", false});
      for (std::size_t i = 0; i < scores.size(); ++i) {
        mend(scores[i]);
        failed = add_score(cell.metrics[i], scores[i]) || failed;
      }
      cell.latency_us += one.outcome.latency_us;
      out.any_answer = true;
      out.last_errors = 0;
    } else {
      ++cell.errors;
      ++out.delta.errors;
      ++out.batch.errors;
      ++out.last_errors;
    }
    ++cell.done;
    ++out.delta.done;
    cell.cost_nano += std::max<NanoUsd>(one.outcome.cost_nano, 0);
    if (failed) ++out.batch.failed;
    const std::uint64_t item = one.order.item;
    out.batch.first_item = out.batch.items == 0 ? item : std::min(out.batch.first_item, item);
    out.batch.last_item = std::max(out.batch.last_item, item);
    ++out.batch.items;
    append_result(out.batch.lines, one.order, one.outcome, names, scores, one.attempts, limits_.result);
  }
  return out;
}

void Executor::merge(Finished finished) {
  --jobs_;
  with_workers_ -= finished.taken;
  if (judged_)
    for (std::int64_t i = finished.delta.errors; i < finished.taken; ++i) budget_.judged();
  if (end_.abandoned) return;
  take_up_again(std::move(finished.unfinished));
  tally_.done += finished.delta.done;
  tally_.errors += finished.delta.errors;
  for (std::size_t i = 0; i < tally_.cells.size(); ++i) {
    CellTally& to = tally_.cells[i];
    const CellTally& from = finished.delta.cells[i];
    to.done += from.done;
    to.errors += from.errors;
    to.latency_us += from.latency_us;
    to.cost_nano += from.cost_nano;
    for (std::size_t m = 0; m < to.metrics.size(); ++m) add(to.metrics[m], from.metrics[m]);
  }
  batch_.first_item =
      batch_.items == 0 ? finished.batch.first_item : std::min(batch_.first_item, finished.batch.first_item);
  batch_.last_item = std::max(batch_.last_item, finished.batch.last_item);
  batch_.items += finished.batch.items;
  batch_.errors += finished.batch.errors;
  batch_.failed += finished.batch.failed;
  batch_.lines += finished.batch.lines;
  look_at_judges(finished);
  if (finished.any_answer) errors_in_a_row_ = 0;
  errors_in_a_row_ += finished.last_errors;
  const bool beyond =
      static_cast<double>(tally_.errors) > limits_.error_share * static_cast<double>(shape_.planned);
  if (beyond && errors_in_a_row_ >= limits_.errors_in_a_row)
    give_up(RunState::kFinished, RunOutcome::kError,
            fmt::format(
                "the last {} calls failed one after the other, and {} of {} results are errors, more than "
                "the share of {:g} that may be",
                errors_in_a_row_, tally_.errors, shape_.planned, limits_.error_share));
}

// What was interrupted is asked again where the run goes on; elsewhere it is missing.
void Executor::take_up_again(std::vector<Ended> unfinished) {
  if (unfinished.empty() || stopping_) return;
  if (budget_.judges_refused()) {
    give_up(RunState::kFinished, RunOutcome::kPartial, budget_.describe());
    return;
  }
  const std::int64_t when_ms = mono_now_ns() / 1'000'000 + limits_.retry_ms;
  for (Ended& one : unfinished)
    to_repeat_.emplace(when_ms, Attempt{std::move(one.order), one.attempts, pace_.epoch()});
}

// A judge that can't be reached is as good as a provider that is down: the answers cost money, too.
void Executor::look_at_judges(const Finished& finished) {
  if (finished.unjudged == 0) {
    if (finished.batch.items != finished.batch.errors) unjudged_in_a_row_ = 0;
    return;
  }
  unjudged_ += finished.unjudged;
  unjudged_in_a_row_ += finished.unjudged;
  const bool beyond =
      static_cast<double>(unjudged_) > limits_.error_share * static_cast<double>(shape_.planned);
  if (beyond && unjudged_in_a_row_ >= limits_.errors_in_a_row)
    give_up(RunState::kFinished, RunOutcome::kError,
            fmt::format(
                "judges could not be asked about the last {} answers one after the other, and about {} of {} "
                "in all, more than the share of {:g} that may be",
                unjudged_in_a_row_, unjudged_, shape_.planned, limits_.error_share));
}

void Executor::take_judge_spending() {
  if (!judged_) return;
  const JudgeSpending spent = budget_.take_judge_spending();
  tally_.calls += spent.calls;
  tally_.limited += spent.limited;
  tally_.unpriced += spent.unpriced;
  tally_.cost_nano += spent.cost_nano;
  tally_.input_tokens += spent.input_tokens;
  tally_.output_tokens += spent.output_tokens;
  tally_.judge_calls += spent.calls;
  tally_.judge_cost_nano += spent.cost_nano;
}

RunEnd Executor::conclude() {
  end_.tally = tally_;
  if (end_.abandoned || end_.released) return end_;
  const std::int64_t missing = shape_.planned - tally_.done;
  if (!stopping_ && missing != 0)
    give_up(RunState::kFailed, RunOutcome::kError,
            "its dataset has other cases than it had at the beginning");
  const std::vector<std::string>& names = parts_.scorer.names();
  for (std::size_t i = 0; i < tally_.cells.size() && end_.outcome == RunOutcome::kComplete; ++i) {
    const CellTally& cell = tally_.cells[i];
    const double most = limits_.error_share * static_cast<double>(cell.done);
    if (static_cast<double>(cell.errors) > most) {
      end_.outcome = RunOutcome::kError;
      end_.reason = fmt::format("{} of {} calls failed, more than the share of {:g} that may", cell.errors,
                                cell.done, limits_.error_share);
    }
    for (std::size_t m = 0; m < cell.metrics.size() && end_.outcome == RunOutcome::kComplete; ++m) {
      if (static_cast<double>(cell.metrics[m].errors) <= most) continue;
      end_.outcome = RunOutcome::kError;
      end_.reason = fmt::format(
          "the metric '{}' could not judge {} of {} answers, more than the share of {:g} "
          "that may be",
          names[m], cell.metrics[m].errors, cell.done - cell.errors, limits_.error_share);
    }
  }
  if (missing != 0 && !end_.reason.empty())
    end_.reason += fmt::format("; {} of {} results are missing", missing, shape_.planned);
  return end_;
}

}  // namespace slipway::evaluation
