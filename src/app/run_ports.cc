// SPDX-License-Identifier: Apache-2.0
#include "app/run_ports.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "app/release_loader.h"
#include "app/release_ports.h"
#include "base/crypto.h"

namespace slipway::app {

evaluation::ReleasePorts run_release_ports(governance::ReleaseServices& services) {
  evaluation::ReleasePorts ports;
  ports.prompt = [contents = release_ports(services).contents](
                     const std::string& use_case, std::int64_t number) -> Result<evaluation::ReleasePrompt> {
    SLIPWAY_ASSIGN(ReleaseContents found, contents(use_case, number));
    auto program = compile_release(found);
    if (!program)
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("the release {}@{} can't be called: {}", use_case, number, program.error().describe()),
          "target.release");
    evaluation::ReleasePrompt out;
    out.program = std::make_shared<const llm::PromptProgram>(std::move(*program));
    out.content = found.assets.at(found.entry);
    out.assets = std::move(found.assets);
    return out;
  };
  ports.deployed = [&services](const std::string& use_case, const std::string& environment,
                               const std::string& which) -> Result<std::int64_t> {
    SLIPWAY_ASSIGN(const governance::Deployment deployment, services.deployments.get(use_case, environment));
    const std::int64_t number = which == "candidate" ? deployment.candidate : deployment.active;
    if (number != 0) return number;
    return fail(ErrorCode::kNotFound,
                which == "candidate"
                    ? fmt::format("'{}' has no candidate in '{}'", use_case, environment)
                    : fmt::format("no release of '{}' is active in '{}'", use_case, environment),
                "target", "Name a release by its number, or a prompt to try without one.");
  };
  ports.digest = [&services](const std::string& use_case, std::int64_t number) -> Result<std::string> {
    SLIPWAY_ASSIGN(const governance::ReleaseManifest release, services.releases.get(use_case, number));
    return release.digest;
  };
  return ports;
}

evaluation::RunRecorder run_recorder() {
  return [](soci::session& sql, const catalog::Author& author, const evaluation::RunEvent& event) {
    return governance::append_audit(
        sql, {author.id, author.name, author.kind},
        {event.action, "run", event.run, event.use_case, event.environment, event.detail});
  };
}

evaluation::EngineLimits run_limits(const Config& config) {
  const EvaluationConfig& from = config.evaluation;
  evaluation::EngineLimits limits;
  limits.runs = from.runs;
  limits.workers = std::max(1u, std::thread::hardware_concurrency());
  limits.judges = from.judge_concurrency;
  limits.max_concurrent = config.gateway.max_concurrent_per_key;
  limits.private_hosts = from.private_hosts;
  limits.http_clocks.total_ms = from.http_timeout_ms;
  limits.http_clocks.first_byte_ms = from.http_timeout_ms;
  limits.http_answer_bytes = config.gateway.response_limit_bytes;
  limits.executor.patience_ms = from.patience_ms;
  limits.executor.drain_ms = config.server.drain_ms;
  limits.executor.result.answer_bytes = from.answer_bytes;
  return limits;
}

evaluation::PlanLimits run_plan_limits(const Config& config) {
  evaluation::PlanLimits limits;
  limits.items = static_cast<std::int64_t>(config.evaluation.results);
  limits.concurrency = config.evaluation.concurrency;
  // A run is to the gateway what a key is: it is not sent into that limit.
  if (const std::uint32_t most = config.gateway.max_concurrent_per_key; most != 0)
    limits.concurrency = std::min(limits.concurrency, most);
  return limits;
}

std::string run_node(const Config& config) {
  char host[256] = {};
  ::gethostname(host, sizeof(host) - 1);
  std::error_code unknown;
  const std::filesystem::path place = std::filesystem::weakly_canonical(config.data_dir, unknown);
  return hex(sha256(fmt::format("{} {}", host, unknown ? config.data_dir : place.string()))).substr(0, 16);
}

}  // namespace slipway::app
