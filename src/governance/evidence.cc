// SPDX-License-Identifier: Apache-2.0
#include "governance/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"

namespace slipway::governance {

namespace {

constexpr std::array<std::string_view, 4> kVerdicts = {"pass", "fail", "inconclusive", "error"};
constexpr std::size_t kSummaryBytes = 4'000;
constexpr std::size_t kMetricsBytes = 64'000;
constexpr std::size_t kUrlBytes = 2'000;
constexpr std::size_t kPerRelease = 1'000;
// Clocks of other machines run fast, but not by more than this.
constexpr std::int64_t kFutureUs = 300'000'000;
constexpr std::int64_t kHourUs = 3'600'000'000;

std::unexpected<Error> bad(std::string message, std::string where, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(where), std::move(hint));
}

bool is_digest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.size() == kPrefix.size() + 64 && text.starts_with(kPrefix) &&
         text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

Result<> check(const ReleaseManifest& release, const Evidence& evidence, std::int64_t now_us) {
  const auto name = catalog::AssetName::parse(evidence.name);
  if (!name || name->kind != "evaluation")
    return bad(fmt::format("'{}' is no evaluation", ellipsize(evidence.name, 120)), "name",
               "Name it as owner/evaluation/name, for instance shared/evaluation/safety.");
  if (name->owner != release.use_case && name->owner != catalog::kSharedOwner)
    return bad(fmt::format("{} belongs to another use case", evidence.name), "name");
  if (!is_digest(evidence.digest)) return bad("a digest is sha256: and 64 hexadecimal digits", "digest");
  if (!is_digest(evidence.subject)) return bad("a digest is sha256: and 64 hexadecimal digits", "subject");
  if (evidence.subject != release.digest)
    return fail(ErrorCode::kConflict,
                fmt::format("this evidence is about {}, not about {} ({})", evidence.subject, release.id(),
                            release.digest),
                "subject", "Run the evaluation on this release, or attach it to the one it is about.");
  if (evidence.summary.size() > kSummaryBytes)
    return bad(fmt::format("a summary has at most {} bytes", kSummaryBytes), "summary");
  if (json::serialize(evidence.metrics).size() > kMetricsBytes)
    return bad(fmt::format("metrics have at most {} bytes of JSON", kMetricsBytes), "metrics");
  if (evidence.produced_us > now_us + kFutureUs) return bad("it was produced in the future", "produced_at");
  if (evidence.url.size() > kUrlBytes || (!evidence.url.empty() && !evidence.url.starts_with("https://") &&
                                          !evidence.url.starts_with("http://")))
    return bad(fmt::format("an address begins with https:// and has at most {} bytes", kUrlBytes), "url");
  return {};
}

Result<> insert(soci::session& sql, const ReleaseManifest& release, const Evidence& evidence) {
  const std::string result(to_string(evidence.result));
  const std::string metrics = json::serialize(evidence.metrics);
  const long long produced = evidence.produced_us;
  const long long attached = evidence.attached_us;
  sql << "INSERT INTO release_evidence (id, use_case, subject, name, digest, result, summary, metrics, "
         "produced_us, "
         "attached_us, attached_by, environment, url) VALUES (:id, :use_case, :subject, :name, :digest, "
         ":result, "
         ":summary, :metrics, :produced, :attached, :by, :environment, :url)",
      soci::use(evidence.id), soci::use(release.use_case), soci::use(evidence.subject),
      soci::use(evidence.name), soci::use(evidence.digest), soci::use(result), soci::use(evidence.summary),
      soci::use(metrics), soci::use(produced), soci::use(attached), soci::use(evidence.attached_by),
      soci::use(evidence.environment), soci::use(evidence.url);
  return {};
}

}  // namespace

std::string_view to_string(Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }

std::optional<Verdict> parse_verdict(std::string_view text) {
  const auto found = std::ranges::find(kVerdicts, text);
  if (found == kVerdicts.end()) return std::nullopt;
  return static_cast<Verdict>(found - kVerdicts.begin());
}

bool Evidence::stale(std::optional<std::int64_t> max_age_hours, std::int64_t now_us) const {
  if (!max_age_hours) return false;
  // What seems to come from the future was written while a clock was wrong: nobody knows how old it is.
  return produced_us + *max_age_hours * kHourUs < now_us || produced_us > now_us + kFutureUs;
}

Result<Evidence> EvidenceStore::attach(const ReleaseManifest& release, Evidence evidence,
                                       const Actor& actor) {
  const std::int64_t now_us = unix_now_us();
  if (evidence.produced_us == 0) evidence.produced_us = now_us;
  SLIPWAY_TRY(check(release, evidence, now_us));
  UuidGenerator ids;
  evidence.id = "evd_" + ids.next().to_string();
  evidence.attached_us = now_us;
  evidence.attached_by = actor.name;
  return database_.write([&](soci::session& sql) -> Result<Evidence> {
    SLIPWAY_ASSIGN(const std::vector<Evidence> known, about(sql, release));
    const auto same = std::ranges::find_if(known, [&](const Evidence& other) {
      return other.name == evidence.name && other.digest == evidence.digest;
    });
    if (same != known.end()) {
      if (same->result == evidence.result) return *same;
      return fail(ErrorCode::kConflict,
                  fmt::format("the run {} is attached already, with the result '{}'", evidence.digest,
                              to_string(same->result)),
                  "digest", "A run has one result: run the evaluation again.");
    }
    if (known.size() >= kPerRelease)
      return fail(
          ErrorCode::kResourceExhausted,
          fmt::format("{} has {} pieces of evidence, and more are not kept", release.id(), kPerRelease),
          "evidence");
    SLIPWAY_TRY(insert(sql, release, evidence));
    SLIPWAY_TRY(append_audit(sql, actor,
                             {"release.attach_evidence",
                              "release",
                              release.id(),
                              release.use_case,
                              evidence.environment,
                              {{"name", evidence.name},
                               {"digest", evidence.digest},
                               {"subject", evidence.subject},
                               {"result", std::string(to_string(evidence.result))}}}));
    return evidence;
  });
}

Result<std::vector<Evidence>> EvidenceStore::about(const ReleaseManifest& release) {
  return database_.read([&](soci::session& sql) { return about(sql, release); });
}

Result<std::vector<Evidence>> EvidenceStore::about(soci::session& sql, const ReleaseManifest& release) {
  std::vector<Evidence> all;
  Evidence row;
  std::string result;
  std::string metrics;
  long long produced = 0;
  long long attached = 0;
  soci::statement statement =
      (sql.prepare << "SELECT id, name, digest, subject, result, summary, metrics, produced_us, attached_us, "
                      "attached_by, "
                      "environment, url FROM release_evidence WHERE use_case = :use_case AND subject = "
                      ":subject ORDER "
                      "BY produced_us DESC, attached_us DESC, id DESC",
       soci::use(release.use_case), soci::use(release.digest), soci::into(row.id), soci::into(row.name),
       soci::into(row.digest), soci::into(row.subject), soci::into(result), soci::into(row.summary),
       soci::into(metrics), soci::into(produced), soci::into(attached), soci::into(row.attached_by),
       soci::into(row.environment), soci::into(row.url));
  statement.execute();
  while (statement.fetch()) {
    // What can't be read is no pass.
    row.result = parse_verdict(result).value_or(Verdict::kError);
    auto parsed = parse_json(metrics);
    row.metrics = parsed && parsed->is_object() ? std::move(parsed->as_object()) : json::object{};
    row.produced_us = produced;
    row.attached_us = attached;
    all.push_back(row);
  }
  return all;
}

}  // namespace slipway::governance
