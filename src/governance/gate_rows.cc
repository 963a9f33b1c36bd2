// SPDX-License-Identifier: Apache-2.0
#include "governance/gate_rows.h"

#include "catalog/case_rows.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kReportBytes = 512u << 20;
constexpr std::string_view kColumns =
    "id, use_case, environment, release_number, release_digest, baseline, verdict, reason, checks, "
    "created_us, "
    "ended_us, author_id, author, author_kind";

std::string verdict_text(const std::optional<Verdict>& verdict) {
  return verdict ? std::string(to_string(*verdict)) : std::string();
}

std::string checks_text(const std::vector<GateCheck>& checks) {
  json::array all;
  for (const GateCheck& check : checks)
    all.push_back(json::object{{"evaluation", check.evaluation},
                               {"run", check.run},
                               {"baseline", check.baseline},
                               {"baseline_reused", check.baseline_reused},
                               {"verdict", verdict_text(check.verdict)},
                               {"reason", check.reason},
                               {"digest", check.digest}});
  return json::serialize(all);
}

Result<std::vector<GateCheck>> read_checks(const std::string& text, const std::string& gate) {
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array())
    return fail(ErrorCode::kDataLoss, "a stored gate can't be read", gate,
                "Restore a backup and run slipway audit verify.");
  std::vector<GateCheck> out;
  for (const json::value& item : parsed->get_array()) {
    if (!item.is_object()) continue;
    const json::object& object = item.get_object();
    GateCheck& check = out.emplace_back();
    SLIPWAY_ASSIGN(check.evaluation, require_string(object, "evaluation"));
    SLIPWAY_ASSIGN(check.run, require_string(object, "run"));
    SLIPWAY_ASSIGN(check.baseline, require_string(object, "baseline"));
    SLIPWAY_ASSIGN(const auto reused, optional_bool(object, "baseline_reused"));
    check.baseline_reused = reused.value_or(false);
    SLIPWAY_ASSIGN(const std::string verdict, require_string(object, "verdict"));
    check.verdict = parse_verdict(verdict);
    SLIPWAY_ASSIGN(check.reason, require_string(object, "reason"));
    SLIPWAY_ASSIGN(check.digest, require_string(object, "digest"));
  }
  return out;
}

struct GateRow {
  Gate gate;
  std::string verdict, checks;
  long long release = 0, baseline = 0, created = 0, ended = 0;

  void into(soci::statement& statement) {
    const auto take = [&](auto&... fields) { (statement.exchange(soci::into(fields)), ...); };
    take(gate.id, gate.use_case, gate.environment, release, gate.release_digest, baseline, verdict,
         gate.reason, checks, created, ended, gate.author.id, gate.author.name, gate.author.kind);
  }
  [[nodiscard]] Result<Gate> finish() const {
    Gate out = gate;
    out.release = release;
    out.baseline = baseline;
    out.created_us = created;
    out.ended_us = ended;
    out.verdict = parse_verdict(verdict);
    SLIPWAY_ASSIGN(out.checks, read_checks(checks, gate.id));
    return out;
  }
};

// `bind` hands over what `where` asks for.
template <class Bind>
Result<std::vector<Gate>> fetch(soci::session& sql, const std::string& where, Bind&& bind) {
  GateRow row;
  soci::statement statement(sql);
  row.into(statement);
  bind(statement);
  statement.alloc();
  statement.prepare("SELECT " + std::string(kColumns) + " FROM gates " + where);
  statement.define_and_bind();
  statement.execute();
  std::vector<Gate> out;
  while (statement.fetch()) {
    SLIPWAY_ASSIGN(Gate gate, row.finish());
    out.push_back(std::move(gate));
  }
  return out;
}

}  // namespace

void insert_gate(soci::session& sql, const Gate& gate) {
  const std::string checks = checks_text(gate.checks);
  const long long release = gate.release;
  const long long baseline = gate.baseline;
  const long long created = gate.created_us;
  sql << "INSERT INTO gates (id, use_case, environment, release_number, release_digest, baseline, verdict, "
         "reason, checks, created_us, ended_us, author_id, author, author_kind) VALUES (:id, :use_case, "
         ":environment, :release, :digest, :baseline, '', '', :checks, :created, 0, :author_id, :author, "
         ":kind)",
      soci::use(gate.id), soci::use(gate.use_case), soci::use(gate.environment), soci::use(release),
      soci::use(gate.release_digest), soci::use(baseline), soci::use(checks), soci::use(created),
      soci::use(gate.author.id), soci::use(gate.author.name), soci::use(gate.author.kind);
}

Result<std::optional<Gate>> load_gate(soci::session& sql, const std::string& id) {
  SLIPWAY_ASSIGN(std::vector<Gate> found, fetch(sql, "WHERE id = :id", [&](soci::statement& statement) {
                   statement.exchange(soci::use(id));
                 }));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<std::vector<Gate>> load_gates(soci::session& sql, const GateFilter& filter, std::uint32_t limit) {
  const long long release = filter.release;
  const long long most = limit;
  std::string where = "WHERE use_case = :use_case";
  if (!filter.environment.empty()) where += " AND environment = :environment";
  if (release != 0) where += " AND release_number = :release";
  if (!filter.cursor.empty()) where += " AND id < :cursor";
  where += " ORDER BY id DESC LIMIT :most";
  return fetch(sql, where, [&](soci::statement& statement) {
    statement.exchange(soci::use(filter.use_case));
    if (!filter.environment.empty()) statement.exchange(soci::use(filter.environment));
    if (release != 0) statement.exchange(soci::use(release));
    if (!filter.cursor.empty()) statement.exchange(soci::use(filter.cursor));
    statement.exchange(soci::use(most));
  });
}

Result<std::vector<Gate>> load_open_gates(soci::session& sql) {
  return fetch(sql, "WHERE verdict = '' ORDER BY id", [](soci::statement&) {});
}

Result<bool> finish_gate(soci::session& sql, const Gate& gate, const std::vector<GateOutput>& outputs) {
  const std::string verdict = verdict_text(gate.verdict);
  const std::string checks = checks_text(gate.checks);
  const long long ended = gate.ended_us;
  soci::statement statement =
      (sql.prepare
           << "UPDATE gates SET verdict = :verdict, reason = :reason, checks = :checks, ended_us = :ended "
              "WHERE id = :id AND verdict = ''",
       soci::use(verdict), soci::use(gate.reason), soci::use(checks), soci::use(ended), soci::use(gate.id));
  statement.execute(true);
  if (statement.get_affected_rows() == 0) return false;
  for (const GateOutput& output : outputs) {
    SLIPWAY_ASSIGN(const std::string body, catalog::pack(output.body));
    sql << "INSERT INTO gate_reports (gate, evaluation, format, body) VALUES (:gate, :evaluation, :format, "
           ":body)",
        soci::use(gate.id), soci::use(output.evaluation), soci::use(output.format), soci::use(body);
  }
  return true;
}

Result<std::optional<std::string>> load_report(soci::session& sql, const std::string& gate,
                                               const std::string& evaluation, const std::string& format) {
  std::string body;
  sql << "SELECT body FROM gate_reports WHERE gate = :gate AND evaluation = :evaluation AND format = :format",
      soci::use(gate), soci::use(evaluation), soci::use(format), soci::into(body);
  if (!sql.got_data()) return std::nullopt;
  SLIPWAY_ASSIGN(std::string text, catalog::unpack(body, kReportBytes));
  return text;
}

}  // namespace slipway::governance
