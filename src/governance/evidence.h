// SPDX-License-Identifier: Apache-2.0
// What is claimed of a release, by digest: the digest of the run that anyone can repeat, about the digest of
// the release. Blocks on the database; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "governance/audit.h"
#include "governance/releases.h"
#include "store/database.h"

namespace slipway::governance {

enum class Verdict : std::uint8_t { kPass, kFail, kInconclusive, kError };
std::string_view to_string(Verdict verdict);
std::optional<Verdict> parse_verdict(std::string_view text);

struct Evidence {
  std::string id;
  std::string name;     // the evaluation: "support-assistant/evaluation/answers"
  std::string digest;   // of the run
  std::string subject;  // digest of the release
  Verdict result = Verdict::kError;
  std::string summary;
  json::object metrics;
  std::int64_t produced_us = 0;  // unix
  std::int64_t attached_us = 0;
  std::string attached_by;
  std::string environment;  // where it was produced; may be empty
  std::string url;

  [[nodiscard]] bool stale(std::optional<std::int64_t> max_age_hours, std::int64_t now_us) const;
};

class EvidenceStore {
 public:
  explicit EvidenceStore(store::Database& database) : database_(database) {}

  // `produced_us` 0 stands for now. kConflict if its subject is another release, kInvalidArgument names the
  // field. The same run about the same release again changes nothing.
  Result<Evidence> attach(const ReleaseManifest& release, Evidence evidence, const Actor& actor);
  // All about that release, newest first. Releases with the same digest share their evidence.
  static Result<std::vector<Evidence>> about(soci::session& sql, const ReleaseManifest& release);
  Result<std::vector<Evidence>> about(const ReleaseManifest& release);

 private:
  store::Database& database_;
};

}  // namespace slipway::governance
