// SPDX-License-Identifier: Apache-2.0
#include "base/config.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"

// The process's environment, declared by POSIX nowhere else.
extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace slipway {
namespace {

using Environment = std::map<std::string, std::string, std::less<>>;

constexpr std::uint64_t kMinute = 60'000;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kKiB = 1ull << 10;
constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kGiB = 1ull << 30;

std::string variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : std::string(trim(found->second));
}

std::optional<std::string> check_url(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool tls = text.starts_with("https://");
  if (!tls && !text.starts_with("http://")) return "must start with http:// or https://";
  const std::string_view rest = text.substr(tls ? 8 : 7);
  if (rest.empty() || rest.front() == '/' || rest.front() == ':') return "names no host";
  if (rest.find_first_of(" \t\r\n\"<>\\") != std::string_view::npos)
    return "holds a character no URL can hold";
  if (rest.find('@') != std::string_view::npos) return "holds a user name: use api_key for credentials";
  if (rest.find_first_of("?#") != std::string_view::npos) return "must have no query and no fragment";
  return std::nullopt;
}

std::optional<std::string> check_label(std::string_view text) {
  if (text.empty() || text.size() > 64) return "must have 1 to 64 characters";
  if (text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") != std::string_view::npos)
    return "may hold only a-z, 0-9, '-', '_' and '.'";
  return std::nullopt;
}

std::optional<std::string> check_not_empty(std::string_view text) {
  if (trim(text).empty()) return "must not be empty";
  return std::nullopt;
}

std::optional<std::string> check_mapping(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    return "must look like group=role";
  return std::nullopt;
}

void declare_server(SettingsSchema& s, ServerConfig& c) {
  s.string("server.address", c.address, "Address to listen on. 0.0.0.0 or :: reaches all networks.",
           check_not_empty);
  s.integer("server.port", c.port, 0, 65'535, "TCP port. 0 takes a free one and prints it.");
  s.integer("server.loops", c.loops, 0, 256, "Event loops, each on a thread of its own. 0: one per core.");
  s.string("server.public_url", c.public_url,
           "How people and clients reach this server, for links. Empty: made from address and port.",
           check_url);
  s.duration("server.drain", c.drain_ms, DurationUnit::kMilliseconds, 0, 10 * kMinute,
             "How long a stopping server lets running calls finish before it cuts them.");
  s.string("server.tls.certificate_file", c.tls.certificate_file,
           "PEM certificate chain. Empty: plain HTTP.");
  s.string("server.tls.key_file", c.tls.key_file, "PEM private key of the certificate.");
  ServerLimitsConfig& limits = c.limits;
  s.size("server.limits.header_bytes", limits.header_bytes, 4 * kKiB, kMiB,
         "All header fields of a request.");
  s.integer("server.limits.header_count", limits.header_count, 16, 1'000,
            "Number of header fields of a request.");
  s.size("server.limits.body_bytes", limits.body_bytes, 4 * kKiB, kGiB, "Body of a request; more gets 413.");
  s.integer("server.limits.connections", limits.connections, 1, 1'000'000,
            "Open client connections of each loop; more get 503.");
  s.duration("server.limits.header_timeout", limits.header_timeout_ms, DurationUnit::kMilliseconds, 100,
             kHour, "From the first byte of a request to the end of its header.");
  s.duration("server.limits.body_timeout", limits.body_timeout_ms, DurationUnit::kMilliseconds, 100, kHour,
             "Silence while a body is being read.");
  s.duration("server.limits.keep_alive_timeout", limits.keep_alive_timeout_ms, DurationUnit::kMilliseconds, 0,
             kHour, "How long an idle connection is kept for the next request.");
  s.duration("server.limits.write_timeout", limits.write_timeout_ms, DurationUnit::kMilliseconds, 100, kHour,
             "How long a client may leave an answer unread.");
}

void declare_environment(SettingsSchema& s, EnvironmentConfig& c) {
  s.choice<CapturePolicy>("capture", c.capture,
                          {{"none", CapturePolicy::kNone},
                           {"metadata", CapturePolicy::kMetadata},
                           {"full", CapturePolicy::kFull}},
                          "What is kept of a call: `full` with request and response, `metadata` only who, "
                          "what, when, tokens and cost, "
                          "`none` only counters. The default `prod` has `metadata`.");
  s.choice<Durability>(
      "durability", c.durability, {{"normal", Durability::kNormal}, {"strict", Durability::kStrict}},
      "`strict`: a call's record is on disk before its last byte goes out, and no call is served "
      "that can't be recorded. `normal`: within 100 ms after.");
  s.duration("retention.bodies", c.body_days, DurationUnit::kDays, 0, 36'500,
             "How long request and response bodies are kept.");
  s.duration("retention.rows", c.row_days, DurationUnit::kDays, 1, 36'500, "How long the records are kept.");
  s.boolean(
      "require_approved_use_case", c.require_approved_use_case,
      "Keys are only made for use cases whose reviews have approved them. The default `prod` wants that.");
}

void declare_connection(SettingsSchema& s, ConnectionConfig& c) {
  s.list("environments", c.environments, "Environments whose keys may use it. Empty: all.");
  s.choice<Dialect>(
      "dialect", c.dialect,
      {{"openai", Dialect::kOpenai}, {"anthropic", Dialect::kAnthropic}, {"simulated", Dialect::kSimulated}},
      "The protocol the provider speaks. Most self-hosted servers (vLLM, Ollama, llama.cpp) speak `openai`.");
  s.string(
      "provider", c.provider,
      "Provider's name in records and price lookups, for instance openai, azure.ai.openai, groq. Empty: the "
      "dialect's name.");
  s.string(
      "base_url", c.base_url,
      "Where the provider's API starts, for instance https://api.openai.com/v1. Empty: the dialect's public "
      "endpoint.",
      check_url);
  s.secret("api_key", c.api_key, "The provider's key, best as ${A_VARIABLE}.");
  s.list("models", c.models, "Upstream models it serves; `*` stands for any characters. Empty: all.",
         check_not_empty);
  s.string("ca_file", c.ca_file, "PEM file of the authorities to trust. Empty: the system's.");
  s.boolean("verify", c.verify, "Check the provider's certificate. Turn off only for experiments.");
  s.boolean("allow_private", c.allow_private,
            "Permit a loopback, link-local or private address. Only for servers of your own.");
  TimeoutsConfig& t = c.timeouts;
  constexpr DurationUnit ms = DurationUnit::kMilliseconds;
  s.duration("timeouts.connect", t.connect_ms, ms, 0, 10 * kMinute, "DNS, TCP and TLS. 0: no limit.");
  s.duration("timeouts.first_byte", t.first_byte_ms, ms, 0, kHour,
             "From the request's last byte to the response's header. 0: no limit.");
  s.duration("timeouts.idle", t.idle_ms, ms, 0, kHour,
             "Silence between two pieces of a response. 0: no limit.");
  s.duration("timeouts.total", t.total_ms, ms, 0, 24 * kHour, "The whole call. 0: no limit.");
}

std::optional<std::string> check_store_url(std::string_view url) {
  if (url.empty() || url.starts_with("postgresql://") || url.starts_with("postgres://")) return std::nullopt;
  return "must begin with postgresql://";
}

void declare_store(SettingsSchema& s, StoreConfig& c) {
  s.secret("store.url", c.url,
           "PostgreSQL database of use cases, assets, releases, keys and people, shared by any number of "
           "nodes, as "
           "postgresql://user:password@host/slipway. Empty: a file in data_dir.");
  s.integer("store.sessions", c.sessions, 1, 64,
            "Connections to that database, or handles of the file, of each node.");
}

void declare_catalog(SettingsSchema& s, CatalogConfig& c) {
  s.size("catalog.asset_size", c.asset_bytes, kKiB, 16 * kMiB,
         "Content of one asset, as canonical JSON. Cases of datasets are kept beside it and do not count.");
  s.size("catalog.push_size", c.push_bytes, 64 * kKiB, kGiB,
         "All assets of one plan or push, as they are sent. server.limits.body_bytes limits them, too.");
  s.integer("catalog.push_assets", c.push_assets, 1, 5'000, "Assets of one plan or push.");
}

void declare_datasets(SettingsSchema& s, DatasetsConfig& c) {
  s.size("datasets.case_size", c.case_bytes, kKiB, 16 * kMiB, "One case, as canonical JSON.");
  s.integer(
      "datasets.cases", c.cases, 1, 50'000'000,
      "Cases of one version of a dataset. While one is written, 8 to 16 bytes of memory are needed a case.");
  s.size("datasets.document_size", c.document_bytes, 64 * kKiB, 256 * kMiB,
         "A YAML or JSON file of cases, which is read as a whole. JSONL and CSV are not limited by it.");
  s.size("datasets.upload_size", c.upload_bytes, kMiB, 1024 * kGiB, "One uploaded file of cases.");
  s.duration("datasets.keep_unused", c.upload_hours, DurationUnit::kHours, 1, 720,
             "How long uploads that nobody finished and cases that no dataset uses are kept.");
  s.integer("datasets.imports", c.imports, 1, 4, "Imports of each node at once.");
  s.integer("datasets.invocation_cases", c.invocation_cases, 1, 100'000, "Cases made of calls at once.");
  s.integer("datasets.invocations_scanned", c.invocations_scanned, 1'000, 100'000'000,
            "Calls looked at for one sample, newest first.");
}

void declare_evaluation(SettingsSchema& s, EvaluationConfig& c) {
  s.integer("evaluation.runs", c.runs, 1, 64, "Runs that each node executes at once. More wait.");
  s.integer("evaluation.concurrency", c.concurrency, 1, 1'000,
            "Calls of one run in flight at most, whatever its evaluation says.");
  s.integer("evaluation.judge_concurrency", c.judge_concurrency, 1, 512,
            "Answers of one run that its judges are asked about at once. A thread waits for each.");
  s.integer("evaluation.results", c.results, 1, 100'000'000,
            "Results of one run: cases times variants times repeats. While it runs, a bit of memory is "
            "needed each.");
  s.size("evaluation.answer_size", c.answer_bytes, kKiB, 4 * kMiB,
         "Of each answer this much is kept with its result. Metrics see all of it.");
  s.duration(
      "evaluation.patience", c.patience_ms, DurationUnit::kMilliseconds, 1'000, 24 * kHour,
      "How long a run waits for a provider that refuses every call (429), or for a disk that is full.");
  s.duration("evaluation.http_timeout", c.http_timeout_ms, DurationUnit::kMilliseconds, 100, kHour,
             "Time for one answer of an HTTP application that is evaluated.");
  s.duration(
      "evaluation.baseline_reuse", c.baseline_reuse_ms, DurationUnit::kMilliseconds, 0, 30 * 24 * kHour,
      "A gate compares with a run of what is active. One that did exactly the same stands in for a new one "
      "if it ended not longer ago than this. 0: never.");
  s.list("evaluation.private_hosts", c.private_hosts,
         "Hosts that an HTTP application under evaluation may have on a private address. All others must be "
         "public.",
         check_not_empty);
}

void declare_telemetry(SettingsSchema& s, TelemetryConfig& c) {
  s.duration("telemetry.group_commit", c.group_commit_ms, DurationUnit::kMilliseconds, 1, 100,
             "Records that arrive within this time share one write to the disk.");
  s.size("telemetry.spool_limit", c.spool_limit_bytes, 16 * kMiB, 1024 * kGiB,
         "Records waiting to be made searchable. Beyond it bodies are left out first, then records are "
         "counted as "
         "not kept.");
  s.size("telemetry.segment", c.segment_bytes, kMiB, kGiB, "Size of one file of the spool.");
  s.size("telemetry.body_limit", c.body_limit_bytes, 0, 64 * kMiB,
         "Bytes kept of each request and response body; what was cut is marked.");
  s.size("telemetry.memory_queue", c.memory_queue_bytes, kMiB, 4 * kGiB,
         "Records in memory on their way to disk.");
  s.size("telemetry.disk_reserve", c.disk_reserve_bytes, 0, 1024 * kGiB,
         "Free disk space below which the status page, /readyz and `slipway doctor` warn.");
  s.integer("telemetry.compression_level", c.compression_level, 1, 19, "zstd level of stored bodies.");
}

void declare_gateway(SettingsSchema& s, GatewayConfig& c) {
  s.integer("gateway.max_concurrent_per_key", c.max_concurrent_per_key, 1, 1'000'000,
            "Calls of one key running at once; more get 429.");
  s.integer("gateway.max_concurrent", c.max_concurrent, 1, 1'000'000,
            "Calls running at once on each loop; more get 503.");
  s.size("gateway.body_limit", c.body_limit_bytes, 4 * kKiB, kGiB, "Body of a model call; more gets 413.");
  s.size("gateway.response_limit", c.response_limit_bytes, 64 * kKiB, kGiB,
         "Body of a provider's whole answer.");
  s.size("gateway.event_limit", c.event_limit_bytes, 4 * kKiB, 64 * kMiB,
         "One event of a provider's stream.");
  s.integer("gateway.json_depth", c.json_depth, 8, 512, "Nesting of a request's JSON.");
  s.duration(
      "gateway.keep_alive_comment", c.keep_alive_comment_ms, DurationUnit::kMilliseconds, 0, kHour,
      "Silence after which a waiting stream gets a comment line, so that proxies keep it open. 0: never.");
  s.integer("gateway.upstream_connections", c.upstream_connections, 1, 100'000,
            "Connections to one provider from each loop.");
  s.integer("gateway.upstream_idle_connections", c.upstream_idle_connections, 0, 100'000,
            "Idle connections to one provider kept by each loop.");
  s.boolean("gateway.accept_traceparent", c.accept_traceparent, "Continue the caller's W3C trace.");
}

void declare_people(SettingsSchema& s, Config& config) {
  OidcConfig& c = config.oidc;
  s.string(
      "oidc.issuer", c.issuer,
      "Identity provider (OpenID Connect) to sign in with, exactly as it spells its issuer. Empty: none.",
      check_url);
  s.string("oidc.client_id", c.client_id, "What this server is called at the identity provider.");
  s.secret("oidc.client_secret", c.client_secret,
           "Best as ${A_VARIABLE}. Empty: a public client, protected by PKCE alone.");
  s.string("oidc.name", c.name, "What the sign-in page calls it: \"Sign in with …\".", check_not_empty);
  s.list("oidc.scopes", c.scopes, "What to ask for; openid has to be among them.", check_not_empty);
  s.list("oidc.allowed_domains", c.allowed_domains,
         "Domains of verified e-mail addresses that may sign in. Empty: any.", check_not_empty);
  s.string("oidc.roles_claim", c.roles_claim,
           "Claim that holds a person's groups, for instance groups; dots lead into objects. With it the "
           "identity provider decides about roles at each sign-in. Empty: roles are given in the console.");
  s.list("oidc.role_mapping", c.role_mapping,
         "Which group gives which role, as group=role[:discipline][@use-case][/environment].", check_mapping);
  s.list(
      "oidc.default_roles", c.default_roles,
      "Roles of people who come without an invitation and without a mapped group. Empty: they are refused.",
      check_not_empty);
  s.string("oidc.ca_file", c.ca_file, "PEM file of the authorities to trust. Empty: the system's.");
  s.boolean(
      "oidc.allow_private", c.allow_private,
      "Permit plain HTTP and a loopback, link-local or private address. Only for a provider of your own.");
  s.duration("oidc.clock_skew", c.clock_skew_s, DurationUnit::kSeconds, 0, 600,
             "How far the identity provider's clock may be off.");
  s.duration("oidc.timeout", c.timeout_ms, DurationUnit::kMilliseconds, 100, kMinute,
             "The longest wait for each answer of the identity provider.");
  s.string(
      "audit.anchors_file", config.audit.anchors_file,
      "File that gets the newest audit entry's digest once a day; best on another machine's disk. Empty: "
      "audit-anchors.jsonl in the data directory.");
}

void declare_rest(SettingsSchema& s, Config& c) {
  s.integer("simulated.seed", c.simulated.seed, 0, UINT64_MAX,
            "Seed of the simulated provider: the same seed gives the same answers.");
  s.string("simulated.script_file", c.simulated.script_file, "YAML file of scripted replies by pattern.");
  s.integer("simulated.tokens_per_second", c.simulated.tokens_per_second, 0, 1'000'000,
            "Speed of simulated streams. 0: as fast as possible.");
  s.duration("simulated.first_token", c.simulated.first_token_ms, DurationUnit::kMilliseconds, 0,
             10 * kMinute, "Delay before a simulated answer's first token.");
  s.duration("simulated.jitter", c.simulated.jitter_ms, DurationUnit::kMilliseconds, 0, kMinute,
             "Random delay on top, up to this much for each token.");
  s.duration("watchdog.stall", c.watchdog.stall_ms, DurationUnit::kMilliseconds, 1, kMinute,
             "A loop that does not turn for this long is logged with its stack.");
  s.duration("security.session", c.security.session_hours, DurationUnit::kHours, 1, 24 * 90,
             "How long a sign-in to the console lasts.");
  s.duration("security.sign_in", c.security.sign_in_minutes, DurationUnit::kMinutes, 1, 24 * 60,
             "How long the one-time sign-in link is good for.");
  s.integer("security.failed_sign_ins_per_minute", c.security.failed_sign_ins_per_minute, 1, 10'000,
            "Failed sign-ins from one address before it has to wait.");
  s.string("governance.questionnaire_file", c.governance.questionnaire_file,
           "YAML file with the risk questions, tiers and reviews of use cases. Empty: the built-in ones, "
           "after the "
           "EU AI Act.");
  s.duration("security.invitation", c.security.invitation_days, DurationUnit::kDays, 1, 90,
             "How long an invitation is good for.");
  s.boolean("security.passwords", c.security.passwords,
            "Let people sign in with a password. One-time links work in any case.");
  declare_people(s, c);
  s.raw("prices", c.prices,
        "Prices that replace or extend the built-in table: provider, model and dollars per million tokens of "
        "each "
        "class.");
}

void problem(SettingsReport& report, std::string message, const std::string& where, std::string hint) {
  report.problems.push_back({ErrorCode::kInvalidArgument, std::move(message), where, std::move(hint)});
}

template <class T>
std::string names_of(const std::vector<T>& elements) {
  std::string out;
  for (const T& element : elements) out += (out.empty() ? "" : ", ") + element.name;
  return out;
}

// What no single setting can know.
void check_together(const Config& config, SettingsReport& report) {
  const auto at = [&report](const std::string& name) {
    std::string place = report.source_of(name);
    return place == "default" ? name : place;
  };
  const TlsConfig& tls = config.server.tls;
  if (tls.certificate_file.empty() != tls.key_file.empty())
    problem(report, "server.tls needs both certificate_file and key_file",
            at(tls.certificate_file.empty() ? "server.tls.key_file" : "server.tls.certificate_file"),
            "set the other one, too, or neither");
  if (const auto complaint = check_store_url(config.store.url))
    problem(report, "store.url " + *complaint, at("store.url"), "or leave it out for the embedded store");
  const OidcConfig& oidc = config.oidc;
  if (!oidc.issuer.empty() && oidc.client_id.empty())
    problem(report, "oidc.issuer needs oidc.client_id, too", at("oidc.issuer"),
            "register this server at the identity provider; it gives the client id");
  if (!oidc.issuer.empty() && std::ranges::find(oidc.scopes, "openid") == oidc.scopes.end())
    problem(report, "oidc.scopes lacks openid", at("oidc.scopes"), "without it there is no ID token");
  if (oidc.issuer.starts_with("http://") && !oidc.allow_private)
    problem(report, "oidc.issuer is not https", at("oidc.issuer"),
            "use https, or for a provider on a private network set oidc.allow_private");
  if (config.environments.empty())
    problem(report, "there is no environment", at("environments"), "name at least one, for instance dev");
  for (const EnvironmentConfig& environment : config.environments) {
    if (const auto complaint = check_label(environment.name))
      problem(report, "the environment name \"" + environment.name + "\" " + *complaint,
              at("environments." + environment.name), "it becomes part of keys, metrics and addresses");
    if (environment.body_days > environment.row_days)
      problem(report, "environments." + environment.name + " keeps bodies longer than their records",
              at("environments." + environment.name + ".retention.bodies"),
              "raise retention.rows or lower this");
  }
  for (const ConnectionConfig& connection : config.connections) {
    const std::string path = "connections." + connection.name;
    if (const auto complaint = check_label(connection.name))
      problem(report, "the connection name \"" + connection.name + "\" " + *complaint, at(path),
              "it becomes part of model names and metrics");
    for (const std::string& name : connection.environments)
      if (config.environment(name) == nullptr)
        problem(report, path + " names the environment \"" + name + "\", which does not exist",
                at(path + ".environments"), "there are " + names_of(config.environments));
    if (!connection.automatic && connection.dialect != Dialect::kSimulated && connection.base_url.empty() &&
        connection.api_key.empty())
      problem(report, path + " has neither base_url nor api_key", at(path),
              "give the api_key, and for a server of your own its base_url");
  }
  for (const ModelRouteConfig& route : config.models)
    if (config.connection(route.connection) == nullptr)
      problem(report,
              "models." + route.name +
                  (route.connection.empty()
                       ? " names no connection"
                       : " names the connection \"" + route.connection + "\", which does not exist"),
              at("models." + route.name + (route.connection.empty() ? "" : ".connection")),
              "there are " + names_of(config.connections));
}

// "host", "host:port", "http://host:port" or "0.0.0.0", as Ollama itself reads OLLAMA_HOST.
std::string ollama_url(std::string host) {
  const bool tls = host.starts_with("https://");
  if (const std::size_t scheme = host.find("://"); scheme != std::string::npos) host.erase(0, scheme + 3);
  while (host.ends_with('/')) host.pop_back();
  if (host.starts_with("0.0.0.0")) host.replace(0, 7, "127.0.0.1");
  if (host.starts_with(":")) host.insert(0, "127.0.0.1");
  const bool has_port = host.find(':', host.starts_with('[') ? host.find(']') : 0) != std::string::npos;
  return (tls ? "https://" : "http://") + host + (has_port || tls ? "" : ":11434") + "/v1";
}

void add_automatic(Config& config, const Environment& environment, SettingsReport& report) {
  const auto add = [&](std::string name, Dialect dialect, std::string key, std::string url,
                       std::string source) {
    if (config.connection(name) != nullptr) return;
    if (const auto complaint = check_url(url)) {
      report.warnings.push_back(source + " is ignored: the address " + *complaint);
      return;
    }
    ConnectionConfig connection;
    connection.name = std::move(name);
    connection.dialect = dialect;
    connection.api_key = std::move(key);
    // An address the operator put into the environment is as deliberate as one in the file.
    connection.allow_private = !url.empty();
    connection.base_url = std::move(url);
    connection.provider = connection.name;
    connection.automatic = true;
    const std::string path = "connections." + connection.name;
    for (const std::string_view setting :
         {"", ".dialect", ".provider", ".base_url", ".api_key", ".allow_private"})
      report.places[path + std::string(setting)] = source;
    config.connections.push_back(std::move(connection));
  };
  const std::string openai_key = variable(environment, "OPENAI_API_KEY");
  const std::string openai_url = variable(environment, "OPENAI_BASE_URL");
  if (!openai_key.empty() || !openai_url.empty())
    add("openai", Dialect::kOpenai, openai_key, openai_url,
        openai_key.empty() ? "OPENAI_BASE_URL" : "OPENAI_API_KEY");
  if (const std::string key = variable(environment, "ANTHROPIC_API_KEY"); !key.empty())
    add("anthropic", Dialect::kAnthropic, key, variable(environment, "ANTHROPIC_BASE_URL"),
        "ANTHROPIC_API_KEY");
  if (const std::string host = variable(environment, "OLLAMA_HOST"); !host.empty())
    add("ollama", Dialect::kOpenai, {}, ollama_url(host), "OLLAMA_HOST");
  add("simulated", Dialect::kSimulated, {}, {}, "built in");
}

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return fail(ErrorCode::kNotFound, "there is no such settings file", path,
                "check the path given with --config or SLIPWAY_CONFIG");
  if (std::filesystem::is_directory(path, error))
    return fail(ErrorCode::kIo, "this is a directory, not a settings file", path);
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (!in || !(out << in.rdbuf() || in.peek() == std::ifstream::traits_type::eof()))
    return fail(ErrorCode::kIo, "the settings file can't be read", path, "check who may read it");
  return out.str();
}

std::string config_home(const Environment& environment) {
  if (std::string home = variable(environment, "XDG_CONFIG_HOME"); !home.empty()) return home;
  const std::string home = variable(environment, "HOME");
  return home.empty() ? std::string() : home + "/.config";
}

}  // namespace

std::string_view to_string(CapturePolicy policy) {
  switch (policy) {
    case CapturePolicy::kNone: return "none";
    case CapturePolicy::kMetadata: return "metadata";
    case CapturePolicy::kFull: return "full";
  }
  return "unknown";
}

std::string_view to_string(Durability durability) {
  return durability == Durability::kStrict ? "strict" : "normal";
}

std::string_view to_string(Dialect dialect) {
  switch (dialect) {
    case Dialect::kOpenai: return "openai";
    case Dialect::kAnthropic: return "anthropic";
    case Dialect::kSimulated: return "simulated";
  }
  return "unknown";
}

const EnvironmentConfig* Config::environment(std::string_view name) const {
  for (const EnvironmentConfig& element : environments)
    if (element.name == name) return &element;
  return nullptr;
}

const ConnectionConfig* Config::connection(std::string_view name) const {
  for (const ConnectionConfig& element : connections)
    if (element.name == name) return &element;
  return nullptr;
}

SettingsSchema declare_config(Config& config) {
  SettingsSchema schema;
  declare_server(schema, config.server);
  schema.string("data_dir", config.data_dir,
                "Where everything is stored. Empty: $STATE_DIRECTORY, else $XDG_DATA_HOME/slipway, else "
                "~/.local/share/slipway, else /var/lib/slipway.");
  schema.choice<LogLevel>("log.level", config.log.level,
                          {{"debug", LogLevel::kDebug},
                           {"info", LogLevel::kInfo},
                           {"warning", LogLevel::kWarning},
                           {"error", LogLevel::kError}},
                          "The least severe events that are logged.");
  schema.named<EnvironmentConfig>("environments", config.environments,
                                  "Stages in order of promotion. Naming any replaces the default ones.",
                                  declare_environment);
  schema.named<ConnectionConfig>("connections", config.connections,
                                 "How this server reaches model providers.", declare_connection);
  schema.named<ModelRouteConfig>("models", config.models,
                                 "Model names clients may ask for, beside the providers' own.",
                                 [](SettingsSchema& s, ModelRouteConfig& c) {
                                   s.string("connection", c.connection, "The connection that serves it.");
                                   s.string("model", c.model, "The provider's name of it. Empty: the same.");
                                 });
  declare_store(schema, config.store);
  declare_catalog(schema, config.catalog);
  declare_datasets(schema, config.datasets);
  declare_evaluation(schema, config.evaluation);
  declare_telemetry(schema, config.telemetry);
  declare_gateway(schema, config.gateway);
  declare_rest(schema, config);
  return schema;
}

std::string default_data_dir(const Environment& environment) {
  if (std::string state = variable(environment, "STATE_DIRECTORY"); !state.empty())
    return state.substr(0, state.find(':'));
  if (const std::string data = variable(environment, "XDG_DATA_HOME"); !data.empty())
    return data + "/slipway";
  if (const std::string home = variable(environment, "HOME"); !home.empty() && home != "/")
    return home + "/.local/share/slipway";
  return "/var/lib/slipway";
}

LoadedConfig load_config(const ConfigInput& input) {
  LoadedConfig loaded;
  std::optional<YamlNode> file;
  std::optional<Error> file_error;
  if (!input.file_name.empty()) {
    if (auto parsed = parse_yaml(input.file_text, input.file_name))
      file = std::move(*parsed);
    else
      file_error = std::move(parsed).error();
  }
  SettingsSchema schema = declare_config(loaded.config);
  loaded.report = schema.load(file ? &*file : nullptr, input.file_name, input.environment, input.assignments);
  if (file_error) loaded.report.problems.insert(loaded.report.problems.begin(), std::move(*file_error));
  add_automatic(loaded.config, input.environment, loaded.report);
  for (ConnectionConfig& connection : loaded.config.connections) {
    // A server of one's own must not be billed at the prices of the dialect's inventor.
    if (connection.provider.empty())
      connection.provider =
          connection.base_url.empty() ? std::string(to_string(connection.dialect)) : connection.name;
  }
  check_together(loaded.config, loaded.report);
  if (loaded.config.data_dir.empty()) loaded.config.data_dir = default_data_dir(input.environment);
  loaded.report.values = schema.effective(loaded.report.places);
  return loaded;
}

Result<ConfigInput> read_config_input(const std::string& path, std::vector<std::string> assignments) {
  ConfigInput input;
  input.assignments = std::move(assignments);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos)
      input.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  std::string chosen = path.empty() ? variable(input.environment, "SLIPWAY_CONFIG") : path;
  if (chosen.empty()) {
    std::vector<std::string> places{"slipway.yaml"};
    if (const std::string home = config_home(input.environment); !home.empty())
      places.push_back(home + "/slipway/slipway.yaml");
    places.emplace_back("/etc/slipway/slipway.yaml");
    for (const std::string& place : places) {
      // A file that exists but belongs to somebody else (the service's) is not ours to complain about.
      if (::access(place.c_str(), R_OK) != 0) continue;
      chosen = place;
      break;
    }
  }
  if (chosen.empty()) return input;
  SLIPWAY_ASSIGN(input.file_text, read_file(chosen));
  input.file_name = std::move(chosen);
  return input;
}

}  // namespace slipway
