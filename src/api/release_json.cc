// SPDX-License-Identifier: Apache-2.0
#include "api/release_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "api/or_null.h"
#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {

namespace {

using governance::Deployment;
using governance::Rollout;

json::value or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json::value(*value) : json::value(nullptr);
}

json::object figure_json(const governance::MetricJudgement& metric) {
  return {{"metric", std::string(metric.metric)},         {"active", or_null(metric.active)},
          {"candidate", or_null(metric.candidate)},       {"p_value", or_null(metric.p_value)},
          {"calls_active", metric.calls_active},          {"calls_candidate", metric.calls_candidate},
          {"state", std::string(to_string(metric.state))}};
}

json::object rollout_json(const Rollout& rollout) {
  json::array steps;
  json::array figures;
  json::value next_step = nullptr;
  if (rollout.mode == governance::DeployMode::kCanary) {
    for (const governance::CanaryStep& step : rollout.plan.steps)
      steps.emplace_back(json::object{{"percent", step.percent}, {"minutes", step.minutes}});
    governance::Comparison comparison = rollout.comparison;
    for (const auto& metric : judge(comparison, rollout.plan.guards).metrics)
      figures.emplace_back(figure_json(metric));
    if (rollout.state == governance::RolloutState::kRunning && rollout.plan.automatic) {
      const auto length_us = static_cast<std::int64_t>(rollout.plan.steps[rollout.step].minutes * 60e6);
      next_step =
          format_time_us(rollout.looked_us + std::max<std::int64_t>(0, length_us - rollout.step_elapsed_us));
    }
  }
  return {{"mode", std::string(to_string(rollout.mode))},
          {"state", std::string(to_string(rollout.state))},
          {"percent", rollout.percent()},
          {"step", rollout.step},
          {"steps", std::move(steps)},
          {"started_at", format_time_us(rollout.started_us)},
          {"started_by", rollout.started_by},
          {"automatic", rollout.mode == governance::DeployMode::kCanary && rollout.plan.automatic},
          {"next_step_at", std::move(next_step)},
          {"verdict", rollout.verdict},
          {"figures", std::move(figures)}};
}

// What a release is in an environment; empty: nothing.
std::string_view part_of(const Deployment& deployment, std::int64_t number) {
  if (deployment.active == number) return "active";
  if (deployment.candidate == number) return "candidate";
  if (deployment.standby == number) return "standby";
  if (deployment.previous == number) return "previous";
  return {};
}

}  // namespace

Result<ReleaseView> make_release_view(governance::ReleaseServices& services, std::string_view use_case) {
  ReleaseView view;
  SLIPWAY_ASSIGN(view.deployments, services.deployments.list(use_case));
  for (const Deployment& deployment : view.deployments) {
    SLIPWAY_ASSIGN(const auto effective, services.policies.effective(use_case, deployment.environment));
    const auto& age = effective.policy.evidence_max_age_hours;
    if (age && (!view.evidence_max_age_hours || *age < *view.evidence_max_age_hours))
      view.evidence_max_age_hours = age;
  }
  return view;
}

json::array pinned_json(const std::vector<governance::PinnedAsset>& assets,
                        const std::map<catalog::AssetName, std::int64_t>& latest) {
  json::array array;
  for (const governance::PinnedAsset& asset : assets) {
    const auto newest = latest.find(asset.name);
    array.emplace_back(
        json::object{{"owner", asset.name.owner},
                     {"kind", asset.name.kind},
                     {"name", asset.name.name},
                     {"version", asset.version},
                     {"digest", asset.digest},
                     {"latest_version", newest == latest.end() ? asset.version : newest->second}});
  }
  return array;
}

json::object evidence_json(const governance::Evidence& evidence, std::optional<std::int64_t> max_age_hours) {
  return {{"id", evidence.id},
          {"name", evidence.name},
          {"digest", evidence.digest},
          {"subject", evidence.subject},
          {"result", std::string(to_string(evidence.result))},
          {"summary", evidence.summary},
          {"metrics", evidence.metrics},
          {"produced_at", format_time_us(evidence.produced_us)},
          {"attached_at", format_time_us(evidence.attached_us)},
          {"attached_by", evidence.attached_by},
          {"environment", text_or_null(evidence.environment)},
          {"url", text_or_null(evidence.url)},
          {"stale", evidence.stale(max_age_hours, unix_now_us())}};
}

json::object approval_json(const governance::ReleaseApproval& approval) {
  return {{"environment", approval.environment},
          {"decision", approval.decision},
          {"by", approval.by},
          {"role", fmt::format("{}", fmt::join(approval.roles, ", "))},
          {"at", format_time_us(approval.at_us)},
          {"comment", approval.comment}};
}

json::object check_json(const governance::PromotionAnswer& answer) {
  json::array checks;
  for (const governance::PromotionCheck& check : answer.checks)
    checks.emplace_back(json::object{{"name", check.name}, {"ok", check.ok}, {"detail", check.detail}});
  return {{"allowed", answer.allowed}, {"checks", std::move(checks)}};
}

Result<json::object> release_json(governance::ReleaseServices& services,
                                  const governance::ReleaseManifest& release, ReleaseView& view) {
  json::array evidence;
  json::array approvals;
  std::vector<governance::PinnedAsset> unknown;
  for (const governance::PinnedAsset& asset : release.assets)
    if (!view.latest.contains(asset.name)) unknown.push_back(asset);
  SLIPWAY_TRY(services.database.read([&](soci::session& sql) -> Result<> {
    SLIPWAY_ASSIGN(const auto about, governance::EvidenceStore::about(sql, release));
    for (const governance::Evidence& one : about)
      evidence.emplace_back(evidence_json(one, view.evidence_max_age_hours));
    SLIPWAY_ASSIGN(const auto decided, governance::ApprovalStore::of(sql, release));
    for (const governance::ReleaseApproval& one : decided) approvals.emplace_back(approval_json(one));
    governance::ReleaseManifest asked;
    asked.assets = unknown;
    SLIPWAY_ASSIGN(auto latest, services.releases.latest_versions(sql, asked));
    view.latest.merge(latest);
    return {};
  }));
  json::object environments;
  for (const Deployment& deployment : view.deployments)
    if (const auto part = part_of(deployment, release.number); !part.empty())
      environments[deployment.environment] = std::string(part);
  return json::object{{"id", release.id()},
                      {"use_case", release.use_case},
                      {"number", release.number},
                      {"digest", release.digest},
                      {"entry", release.entry.to_string()},
                      {"assets", pinned_json(release.assets, view.latest)},
                      {"message", release.message},
                      {"author", release.author},
                      {"created_at", format_time_us(release.created_us)},
                      {"known_limits", release.known_limits},
                      {"evidence", std::move(evidence)},
                      {"approvals", std::move(approvals)},
                      {"environments", std::move(environments)}};
}

json::object deployment_json(const Deployment& deployment) {
  return {{"environment", deployment.environment},
          {"active", number_or_null(deployment.active)},
          {"active_since", time_or_null(deployment.active_since_us)},
          {"active_by", text_or_null(deployment.active_by)},
          {"standby", number_or_null(deployment.standby)},
          {"candidate", number_or_null(deployment.candidate)},
          {"previous", number_or_null(deployment.previous)},
          {"rollout",
           deployment.rollout ? json::value(rollout_json(*deployment.rollout)) : json::value(nullptr)}};
}

json::object event_json(const governance::DeploymentEvent& event) {
  return {{"id", std::to_string(event.seq)},
          {"at", format_time_us(event.at_us)},
          {"by", event.by},
          {"action", event.action},
          {"release", number_or_null(event.release)},
          {"from_release", number_or_null(event.from_release)},
          {"detail", event.detail},
          {"emergency", event.emergency}};
}

}  // namespace slipway::api
