// SPDX-License-Identifier: Apache-2.0
// Deciding gates whose runs have ended.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/clock.h"
#include "base/text.h"
#include "evaluation/gate/load_gate_run.h"
#include "evaluation/gate/outputs.h"
#include "governance/gate_rows.h"
#include "governance/gates.h"

namespace slipway::governance {

namespace {

using evaluation::GateReport;
using evaluation::GateVerdict;
using evaluation::Run;
using evaluation::RunOutcome;
using evaluation::RunState;

constexpr std::size_t kReasonBytes = 500;

// A database that can't be read for a moment is no verdict: it is looked at again.
bool passes(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kIo ||
         error.code == ErrorCode::kDeadlineExceeded || error.code == ErrorCode::kCancelled;
}

Verdict verdict_of(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass: return Verdict::kPass;
    case GateVerdict::kFail: return Verdict::kFail;
    case GateVerdict::kInconclusive: return Verdict::kInconclusive;
    case GateVerdict::kError:
    case GateVerdict::kSkipped: break;
  }
  return Verdict::kError;
}

// What is said where nothing can be judged.
GateReport unjudged(std::string reason) {
  GateReport out;
  out.verdict = GateVerdict::kError;
  out.reason = std::move(reason);
  return out;
}

// Why a run is nothing to judge by; empty: it is.
std::string why_not(const Run& run) {
  if (run.state == RunState::kCancelled) return fmt::format("The run of {} was cancelled.", run.target);
  if (run.state == RunState::kFailed || run.tally.done == 0)
    return fmt::format("The run of {} has no results: {}.", run.target,
                       run.reason.empty() ? "nothing was answered" : run.reason);
  return {};
}

// What people compare: a handful of digits.
double rounded(double value) {
  constexpr int kDigits = 6;
  return std::strtod(fmt::format("{:.{}g}", value, kDigits).c_str(), nullptr);
}

// Under the names that a use case's thresholds have: "correct", "latency.p95", "correct.difference".
json::object figures_of(const GateReport& report) {
  json::object out;
  for (const evaluation::ThresholdResult& one : report.thresholds) {
    const evaluation::Threshold& threshold = one.threshold;
    std::string name = ellipsize(threshold.metric, 200);
    if (threshold.of == evaluation::ThresholdOf::kPassed) name += ".passed";
    if (threshold.of == evaluation::ThresholdOf::kPercentile)
      name += fmt::format(".p{}", std::lround(threshold.percentile * 100));
    if (one.difference)
      out[name + ".difference"] = rounded(*one.difference);
    else if (one.estimate && one.verdict != GateVerdict::kSkipped)
      out[name] = rounded(*one.estimate);
  }
  return out;
}

json::object all_json(const Gate& gate, const std::vector<GateReport>& reports) {
  json::array all;
  for (const GateReport& report : reports) all.push_back(gate_json(report));
  json::object out{{"format", 1},
                   {"gate", gate.id},
                   {"use_case", gate.use_case},
                   {"environment", gate.environment},
                   {"release", gate.release},
                   {"release_digest", gate.release_digest},
                   {"baseline", nullptr},
                   {"verdict", to_string(*gate.verdict)},
                   {"reason", gate.reason},
                   {"reports", std::move(all)}};
  if (gate.baseline != 0) out["baseline"] = gate.baseline;
  return out;
}

}  // namespace

Result<GateReport> Gates::judge_one(const Gate& gate, GateCheck& check, std::string& html) {
  SLIPWAY_ASSIGN(const Run run, runs_.store.get(check.run));
  check.digest = run.digest;
  GateReport report = unjudged(why_not(run));
  const auto done = [&]() -> Result<GateReport> {
    report.evaluation = fmt::format("{}@{}", run.evaluation, run.evaluation_version);
    report.environment = gate.environment;
    report.candidate.id = run.id;
    report.candidate.name = run.target;
    return std::move(report);
  };
  if (!report.reason.empty()) return done();
  // The rules are those that the run was planned with, whatever the evaluation says by now.
  auto rules = evaluation::parse_gate_rules(run.definition);
  if (!rules) {
    report.reason = fmt::format("Its thresholds can't be read: {}", rules.error().describe());
    return done();
  }
  SLIPWAY_ASSIGN(evaluation::LoadedGateRun candidate, evaluation::load_gate_run(runs_.store, run));
  std::optional<evaluation::LoadedGateRun> baseline;
  const bool relative = std::ranges::any_of(rules->thresholds, &evaluation::Threshold::relative);
  if (!check.baseline.empty()) {
    SLIPWAY_ASSIGN(const Run other, runs_.store.get(check.baseline));
    std::string trouble = why_not(other);
    if (trouble.empty() && other.outcome != RunOutcome::kComplete)
      trouble = fmt::format("The run of {}, which is active, is not complete: {}.", other.target,
                            other.reason.empty() ? std::string(to_string(other.outcome)) : other.reason);
    if (!trouble.empty() && relative) {
      report.reason = "There is nothing to compare with. " + trouble;
      return done();
    }
    if (trouble.empty()) {
      SLIPWAY_ASSIGN(baseline, evaluation::load_gate_run(runs_.store, other));
    }
  }
  const std::string console = settings_.console_url();
  const auto link = [&](evaluation::LoadedGateRun& loaded) {
    if (!console.empty()) loaded.run.link = fmt::format("{}/runs/{}", console, loaded.run.id);
  };
  link(candidate);
  if (baseline) link(*baseline);
  evaluation::GateQuestion question;
  question.candidate = &candidate.run;
  question.baseline = baseline ? &baseline->run : nullptr;
  question.rules = std::move(*rules);
  question.evaluation = fmt::format("{}@{}", run.evaluation, run.evaluation_version);
  question.environment = gate.environment;
  auto judged = evaluation::judge_gate(question);
  if (!judged) {
    report.reason = judged.error().describe();
    return done();
  }
  SLIPWAY_TRY(evaluation::add_texts(*judged, candidate, run, runs_.store, datasets_, question.limits));
  for (evaluation::WorstCase& worst : judged->worst)
    worst.link = console.empty() || worst.link.empty()
                     ? std::string()
                     : fmt::format("{}/invocations/{}", console, worst.link);
  html = evaluation::gate_html(*judged, candidate.run, question.baseline);
  return judged;
}

Result<> Gates::judge(Gate gate) {
  std::vector<GateOutput> outputs;
  std::vector<GateReport> reports;
  std::vector<GateVerdict> verdicts;
  SLIPWAY_ASSIGN(const ReleaseManifest release, releases_.releases.get(gate.use_case, gate.release));
  for (GateCheck& check : gate.checks) {
    std::string html;
    auto report = judge_one(gate, check, html);
    if (!report) {
      if (passes(report.error())) return fail(report.error());
      report = unjudged(report.error().describe());
      report->evaluation = check.evaluation;
      report->environment = gate.environment;
    }
    check.verdict = verdict_of(report->verdict);
    check.reason = ellipsize(report->reason, kReasonBytes);
    verdicts.push_back(report->verdict);
    if (!html.empty()) outputs.push_back({check.evaluation, "html", std::move(html)});
    reports.push_back(std::move(*report));
  }
  gate.verdict = verdict_of(evaluation::worst_verdict(verdicts));
  gate.ended_us = unix_now_us();
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (gate.checks[i].verdict != gate.verdict) continue;
    gate.reason = reports.size() == 1
                      ? gate.checks[i].reason
                      : ellipsize(fmt::format("{}: {}", gate.checks[i].evaluation, gate.checks[i].reason),
                                  kReasonBytes);
    break;
  }
  // Evidence first: should this be cut off, it is attached again and stays one.
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const GateCheck& check = gate.checks[i];
    if (check.digest.empty()) continue;  // a run that never ended by itself proves nothing
    Evidence evidence;
    evidence.name = check.evaluation;
    evidence.digest = check.digest;
    evidence.subject = gate.release_digest;
    evidence.result = *check.verdict;
    evidence.summary = check.reason;
    evidence.metrics = figures_of(reports[i]);
    evidence.environment = gate.environment;
    if (const std::string console = settings_.console_url(); !console.empty())
      evidence.url = fmt::format("{}/gates/{}/{}", console, gate.use_case, gate.id);
    const auto attached = releases_.evidence.attach(release, std::move(evidence), gate.author);
    if (attached) continue;
    if (passes(attached.error())) return fail(attached.error());
    gate.verdict = Verdict::kError;
    gate.reason = "The evidence can't be attached: " + attached.error().describe();
  }
  outputs.push_back({"", "text", evaluation::gate_text(reports)});
  outputs.push_back({"", "junit", evaluation::gate_junit(reports)});
  outputs.push_back({"", "markdown", evaluation::gate_markdown(reports)});
  outputs.push_back({"", "json", json::serialize(all_json(gate, reports))});
  return database_.write([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(const bool ours, finish_gate(sql, gate, outputs));
    if (!ours) return {};
    return append_audit(sql, gate.author,
                        {"gate.decide",
                         "gate",
                         gate.id,
                         gate.use_case,
                         gate.environment,
                         {{"release", release.id()},
                          {"verdict", std::string(to_string(*gate.verdict))},
                          {"reason", gate.reason}}});
  });
}

Result<> Gates::judge_if_ended(const Gate& gate) {
  for (const GateCheck& check : gate.checks)
    for (const std::string& id : {check.run, check.baseline}) {
      if (id.empty()) continue;
      const auto run = runs_.store.get(id);
      if (!run && run.error().code == ErrorCode::kNotFound) continue;  // told by judge_one
      if (!run) return fail(run.error());
      if (!run->ended()) return {};
    }
  return judge(gate);
}

Result<> Gates::look() {
  SLIPWAY_ASSIGN(const std::vector<Gate> open,
                 database_.read([](soci::session& sql) { return load_open_gates(sql); }));
  // One that can't be judged must not keep the others waiting.
  std::optional<Error> trouble;
  for (const Gate& gate : open)
    if (const Result<> judged = judge_if_ended(gate); !judged && !trouble) {
      trouble = judged.error();
      trouble->message = fmt::format("{}: {}", gate.id, trouble->message);
    }
  if (trouble) return fail(std::move(*trouble));
  return {};
}

}  // namespace slipway::governance
