// SPDX-License-Identifier: Apache-2.0
// The gate in front of an environment: runs what its policy requires of a release, compares with what is
// active there, and attaches the verdicts to the release as evidence. A gate is stored when it is started and
// judged once its runs have ended, on whichever node looks first. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/gate/gate_report.h"
#include "evaluation/runs/services.h"
#include "governance/audit.h"
#include "governance/release_services.h"

namespace slipway::governance {

// One evaluation of a gate.
struct GateCheck {
  std::string evaluation;        // "shared/evaluation/safety"
  std::string run;               // of the release
  std::string baseline;          // the run it is compared with; empty: none
  bool baseline_reused = false;  // it had been there before
  std::optional<Verdict> verdict;
  std::string reason;  // one sentence
  std::string digest;  // of `run`, which is the evidence's
};

struct Gate {
  std::string id;
  std::string use_case;
  std::string environment;
  std::int64_t release = 0;
  std::string release_digest;
  std::int64_t baseline = 0;       // the release it is compared with; 0: none
  std::optional<Verdict> verdict;  // nullopt: it is not decided yet
  std::string reason;
  std::vector<GateCheck> checks;
  std::int64_t created_us = 0;
  std::int64_t ended_us = 0;
  Actor author;
};

struct GateRequest {
  std::string use_case;
  std::string environment;
  std::int64_t release = 0;  // 0: the latest
  // In place of those that the policy requires: names as the policy has them, or bare ones of the use case.
  std::vector<std::string> evaluations;
  bool fresh_baseline = false;  // what is active is evaluated again, however recent its last run is
};

struct GateFilter {
  std::string use_case;
  std::string environment = {};
  std::int64_t release = 0;
  std::string cursor = {};
  std::uint32_t limit = 50;
};

struct GatePage {
  std::vector<Gate> items;  // newest first
  std::string next_cursor;
};

struct GateSettings {
  std::int64_t baseline_reuse_us = 0;  // a run of what is active that is not older stands in for a new one
  std::function<std::string()> console_url;  // for links in reports; any thread
};

// "text", "junit", "json" and "markdown" speak of all evaluations of a gate, "html" of one.
bool is_gate_format(std::string_view format);

class Gates {
 public:
  Gates(store::Database& database, ReleaseServices& releases, evaluation::RunServices& runs,
        catalog::DatasetStore& datasets, GateSettings settings)
      : database_(database),
        releases_(releases),
        runs_(runs),
        datasets_(datasets),
        settings_(std::move(settings)) {}

  // Queues its runs. kNotFound for an unknown release, kInvalidArgument where the policy requires nothing or
  // an evaluation can't be run.
  Result<Gate> start(const GateRequest& request, const Actor& actor);
  Result<Gate> get(std::string_view use_case, std::string_view id);  // kNotFound
  Result<GatePage> list(const GateFilter& filter);
  // What was written when it was decided. `evaluation` for "html" where there are several. kConflict while it
  // is not decided.
  Result<std::string> report(std::string_view use_case, std::string_view id, std::string_view format,
                             std::string_view evaluation);
  // Judges the gates whose runs have ended. Called about once a second, by one thread.
  Result<> look();

 private:
  struct Planned;
  Result<std::vector<std::string>> wanted(const GateRequest& request);
  Result<Planned> plan(const GateRequest& request, const std::string& evaluation, std::int64_t release,
                       std::int64_t baseline);
  Result<std::string> reusable(const evaluation::Run& baseline, bool any_age);
  Result<> judge_if_ended(const Gate& gate);
  Result<> judge(Gate gate);
  Result<evaluation::GateReport> judge_one(const Gate& gate, GateCheck& check, std::string& html);

  store::Database& database_;
  ReleaseServices& releases_;
  evaluation::RunServices& runs_;
  catalog::DatasetStore& datasets_;
  GateSettings settings_;
};

}  // namespace slipway::governance
