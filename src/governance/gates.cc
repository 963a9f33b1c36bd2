// SPDX-License-Identifier: Apache-2.0
// Starting and showing gates; gate_judge.cc decides them.
#include "governance/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"
#include "catalog/canonical.h"
#include "governance/asset_ports.h"
#include "governance/gate_rows.h"

namespace slipway::governance {

namespace {

constexpr std::array<std::string_view, 5> kFormats = {"text", "junit", "json", "markdown", "html"};
constexpr std::uint32_t kLookedAt = 100;  // earlier runs, when one is sought that can stand in
constexpr std::size_t kEvaluations = 50;  // of one gate
constexpr std::uint32_t kPageMost = 500;

Error bad(std::string message, std::string where, std::string hint = {}) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint)};
}

Error unknown(std::string_view id) {
  return {
      ErrorCode::kNotFound, fmt::format("there is no gate '{}'", ellipsize(std::string(id), 80)), "id", {}};
}

// "answers", "support/answers" and "support/evaluation/answers" for the use case "support".
Result<std::string> full_name(const std::string& text, const std::string& use_case) {
  const std::vector<std::string_view> parts = split(text, '/');
  std::string full = text;
  if (parts.size() == 1) full = use_case + "/evaluation/" + text;
  if (parts.size() == 2) full = std::string(parts[0]) + "/evaluation/" + std::string(parts[1]);
  const auto name = catalog::AssetName::parse(full);
  if (!name || name->kind != "evaluation")
    return fail(bad(fmt::format("'{}' is no evaluation's name", ellipsize(text, 120)), "evaluations",
                    "As in answers, shared/safety or support-assistant/evaluation/answers."));
  if (name->owner != use_case && name->owner != catalog::kSharedOwner)
    return fail(bad(fmt::format("{} belongs to another use case", full), "evaluations"));
  return full;
}

evaluation::PlanRequest request_for(const GateRequest& request, const catalog::AssetName& evaluation,
                                    std::int64_t release) {
  evaluation::PlanRequest out;
  out.evaluation = evaluation;
  out.use_case = request.use_case;
  out.environment = request.environment;
  out.target = json::object{{"release", release}};
  return out;
}

}  // namespace

struct Gates::Planned {
  std::string evaluation;
  evaluation::Run run;
  std::optional<evaluation::Run> baseline;  // to be queued
  std::string reused;                       // a run that stands in
};

bool is_gate_format(std::string_view format) { return std::ranges::find(kFormats, format) != kFormats.end(); }

Result<std::vector<std::string>> Gates::wanted(const GateRequest& request) {
  std::vector<std::string> out;
  if (request.evaluations.empty()) {
    SLIPWAY_ASSIGN(const EffectivePolicy effective,
                   releases_.policies.effective(request.use_case, request.environment));
    out = effective.policy.gates;
    if (out.empty())
      return fail(bad(fmt::format("the policy of '{}' in '{}' requires no evaluation", request.use_case,
                                  request.environment),
                      "environment",
                      "Set gates in the policy ('slipway policy set'), or name evaluations to run."));
  }
  for (const std::string& name : request.evaluations) {
    SLIPWAY_ASSIGN(std::string full, full_name(name, request.use_case));
    if (std::ranges::find(out, full) == out.end()) out.push_back(std::move(full));
  }
  if (out.size() > kEvaluations)
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("a gate has at most {} evaluations, not {}", kEvaluations, out.size()),
                "evaluations");
  return out;
}

// The newest whole run that did exactly what this one would do; empty: none.
Result<std::string> Gates::reusable(const evaluation::Run& baseline, bool any_age) {
  SLIPWAY_ASSIGN(const evaluation::RunPage page, runs_.store.list({.use_case = baseline.use_case,
                                                                   .evaluation = baseline.evaluation,
                                                                   .environment = baseline.environment,
                                                                   .state = evaluation::RunState::kFinished,
                                                                   .limit = kLookedAt}));
  const std::string definition = catalog::canonical_json(baseline.definition);
  const std::int64_t oldest = unix_now_us() - settings_.baseline_reuse_us;
  for (const evaluation::Run& one : page.items) {
    if (one.outcome != evaluation::RunOutcome::kComplete || one.target != baseline.target) continue;
    if (!any_age && one.ended_us < oldest) continue;
    SLIPWAY_ASSIGN(const evaluation::Run whole, runs_.store.get(one.id));
    if (catalog::canonical_json(whole.definition) == definition) return one.id;
  }
  return std::string();
}

Result<Gates::Planned> Gates::plan(const GateRequest& request, const std::string& evaluation,
                                   std::int64_t release, std::int64_t baseline) {
  SLIPWAY_ASSIGN(const catalog::AssetName name, catalog::AssetName::parse(evaluation));
  Planned out;
  out.evaluation = evaluation;
  SLIPWAY_ASSIGN(out.run, evaluation::plan_run(runs_, request_for(request, name, release)));
  if (baseline == 0) return out;
  SLIPWAY_ASSIGN(evaluation::Run other, evaluation::plan_run(runs_, request_for(request, name, baseline)));
  // What is active compared with itself: an earlier run of it tells whether something else has changed.
  const bool itself = baseline == release;
  if (itself || !request.fresh_baseline) {
    SLIPWAY_ASSIGN(out.reused, reusable(other, itself));
  }
  if (out.reused.empty() && !itself) out.baseline = std::move(other);
  return out;
}

Result<Gate> Gates::start(const GateRequest& request, const Actor& actor) {
  std::int64_t number = request.release;
  if (number == 0) {
    SLIPWAY_ASSIGN(const ReleasePage page, releases_.releases.list(request.use_case, "", 1));
    if (page.items.empty())
      return fail(ErrorCode::kNotFound, fmt::format("'{}' has no release", request.use_case), "release",
                  fmt::format("Cut one with 'slipway release cut {}'.", request.use_case));
    number = page.items.front().number;
  }
  SLIPWAY_ASSIGN(const ReleaseManifest release, releases_.releases.get(request.use_case, number));
  SLIPWAY_ASSIGN(const Deployment deployment,
                 releases_.deployments.get(request.use_case, request.environment));
  SLIPWAY_ASSIGN(const std::vector<std::string> evaluations, wanted(request));
  std::vector<Planned> planned;
  for (const std::string& evaluation : evaluations) {
    auto one = plan(request, evaluation, number, deployment.active);
    if (!one) {
      Error error = one.error();
      error.message = fmt::format("{} can't be run: {}", evaluation, error.message);
      return fail(std::move(error));
    }
    planned.push_back(std::move(*one));
  }
  Gate gate;
  UuidGenerator ids;
  gate.id = "gate_" + ids.next().to_string();
  gate.use_case = request.use_case;
  gate.environment = request.environment;
  gate.release = number;
  gate.release_digest = release.digest;
  gate.baseline = deployment.active;
  gate.created_us = unix_now_us();
  gate.author = actor;
  const catalog::Author author = author_of(actor);
  for (Planned& one : planned) {
    GateCheck& check = gate.checks.emplace_back();
    check.evaluation = one.evaluation;
    SLIPWAY_ASSIGN(const evaluation::Run run, evaluation::queue_run(runs_, std::move(one.run), author));
    check.run = run.id;
    check.baseline = one.reused;
    check.baseline_reused = !one.reused.empty();
    if (!one.baseline) continue;
    SLIPWAY_ASSIGN(const evaluation::Run other,
                   evaluation::queue_run(runs_, std::move(*one.baseline), author));
    check.baseline = other.id;
  }
  SLIPWAY_TRY(database_.write([&](soci::session& sql) -> Result<> {
    insert_gate(sql, gate);
    json::array names;
    for (const GateCheck& check : gate.checks) names.emplace_back(check.evaluation);
    return append_audit(sql, actor,
                        {"gate.start",
                         "gate",
                         gate.id,
                         gate.use_case,
                         gate.environment,
                         {{"release", release.id()}, {"evaluations", std::move(names)}}});
  }));
  return gate;
}

Result<Gate> Gates::get(std::string_view use_case, std::string_view id) {
  const std::string wanted(id);
  SLIPWAY_ASSIGN(std::optional<Gate> gate,
                 database_.read([&](soci::session& sql) { return load_gate(sql, wanted); }));
  if (!gate || gate->use_case != use_case) return fail(unknown(id));
  return std::move(*gate);
}

Result<GatePage> Gates::list(const GateFilter& filter) {
  const std::uint32_t limit = std::clamp(filter.limit, 1u, kPageMost);
  GatePage page;
  SLIPWAY_ASSIGN(page.items,
                 database_.read([&](soci::session& sql) { return load_gates(sql, filter, limit + 1); }));
  if (page.items.size() > limit) {
    page.items.resize(limit);
    page.next_cursor = page.items.back().id;
  }
  return page;
}

Result<std::string> Gates::report(std::string_view use_case, std::string_view id, std::string_view format,
                                  std::string_view evaluation) {
  if (!is_gate_format(format))
    return fail(bad(fmt::format("'{}' is no format of a gate", ellipsize(std::string(format), 40)), "format",
                    "There are text, junit, json, markdown and html."));
  SLIPWAY_ASSIGN(const Gate gate, get(use_case, id));
  if (!gate.verdict)
    return fail(ErrorCode::kConflict, "the gate is not decided yet: its runs are under way", "id");
  std::string which;
  if (format == "html" && evaluation.empty()) {
    if (gate.checks.size() != 1)
      return fail(bad("the gate has several evaluations: say which one", "evaluation"));
    which = gate.checks.front().evaluation;
  } else if (format == "html") {
    SLIPWAY_ASSIGN(which, full_name(std::string(evaluation), gate.use_case));
  }
  const std::string kind(format);
  SLIPWAY_ASSIGN(std::optional<std::string> body,
                 database_.read([&](soci::session& sql) { return load_report(sql, gate.id, which, kind); }));
  if (!body)
    return fail(ErrorCode::kNotFound, fmt::format("the gate has no report of '{}'", which), "evaluation");
  return std::move(*body);
}

}  // namespace slipway::governance
