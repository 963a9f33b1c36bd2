// SPDX-License-Identifier: Apache-2.0
// Every setting of Slipway as plain structs. declare_config() gives each its name, bounds and description;
// rooms take the piece they need (or a struct of their own that `app` fills from it) and never read files
// themselves.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/settings.h"
#include "base/yaml.h"

namespace slipway {

enum class CapturePolicy : std::uint8_t { kNone, kMetadata, kFull };
enum class Durability : std::uint8_t { kNormal, kStrict };
enum class Dialect : std::uint8_t { kOpenai, kAnthropic, kSimulated };

struct TlsConfig {
  std::string certificate_file;  // PEM chain; both empty: plain HTTP
  std::string key_file;
};

// The same numbers as net::ServerLimits, which this room can't include.
struct ServerLimitsConfig {
  std::uint64_t header_bytes = 64u << 10;
  std::uint32_t header_count = 100;
  std::uint64_t body_bytes = 32u << 20;
  std::uint32_t connections = 10'000;  // per loop
  std::uint32_t header_timeout_ms = 10'000;
  std::uint32_t body_timeout_ms = 60'000;
  std::uint32_t keep_alive_timeout_ms = 75'000;
  std::uint32_t write_timeout_ms = 30'000;
};

struct ServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free one
  std::uint32_t loops = 0;    // 0: one per core
  std::string public_url;     // how people and clients reach it; empty: made from address and port
  std::uint32_t drain_ms = 10'000;
  TlsConfig tls;
  ServerLimitsConfig limits;
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
};

struct EnvironmentConfig {
  std::string name;
  CapturePolicy capture = CapturePolicy::kFull;
  Durability durability = Durability::kNormal;
  std::uint32_t body_days = 30;            // how long request and response bodies are kept
  std::uint32_t row_days = 400;            // how long the records themselves are kept
  bool require_approved_use_case = false;  // no key without one
};

// Milliseconds; each clock is off at 0.
struct TimeoutsConfig {
  std::uint32_t connect_ms = 5'000;
  std::uint32_t first_byte_ms = 120'000;
  std::uint32_t idle_ms = 60'000;
  std::uint32_t total_ms = 600'000;
};

struct ConnectionConfig {
  std::string name;
  std::vector<std::string> environments;  // empty: all
  Dialect dialect = Dialect::kOpenai;
  std::string provider;  // gen_ai.provider.name in records; never empty after load_config
  std::string base_url;  // empty: the dialect's public endpoint (simulated: none needed)
  std::string api_key;
  std::vector<std::string> models;  // names or globs this connection serves; empty: all
  std::string ca_file;
  bool verify = true;
  bool allow_private = false;  // may resolve to a loopback, link-local or private address
  TimeoutsConfig timeouts;
  bool automatic = false;  // made from the process environment, not from the file; not a setting
};

// A model name clients may ask for, and what it means upstream.
struct ModelRouteConfig {
  std::string name;
  std::string connection;
  std::string model;  // the upstream's name; empty: the same
};

struct TelemetryConfig {
  std::uint32_t group_commit_ms = 20;  // a finished call is on disk after at most this and one fsync
  std::uint64_t spool_limit_bytes = 2ull << 30;
  std::uint64_t segment_bytes = 64u << 20;
  std::uint64_t body_limit_bytes = 1u
                                   << 20;  // of each request and response body kept; more is cut and marked
  std::uint64_t memory_queue_bytes = 32u << 20;
  std::uint64_t disk_reserve_bytes = 256u << 20;  // warn below this much free space
  std::uint32_t compression_level = 1;            // zstd; indexing shares the cores with calls
};

struct GatewayConfig {
  std::uint32_t max_concurrent_per_key = 256;
  std::uint32_t max_concurrent = 4'096;  // per loop
  std::uint64_t body_limit_bytes = 16u << 20;
  std::uint64_t response_limit_bytes = 32u << 20;
  std::uint64_t event_limit_bytes = 1u << 20;  // one server-sent event from upstream
  std::uint32_t json_depth = 64;
  std::uint32_t keep_alive_comment_ms = 15'000;  // silence before an SSE comment is sent; 0: never
  std::uint32_t upstream_connections = 1'024;    // per origin and loop
  std::uint32_t upstream_idle_connections = 128;
  bool accept_traceparent = true;
};

struct SimulatedConfig {
  std::uint64_t seed = 1;
  std::string script_file;              // scripted replies by pattern, YAML
  std::uint32_t tokens_per_second = 0;  // 0: as fast as possible
  std::uint32_t first_token_ms = 0;
  std::uint32_t jitter_ms = 0;
};

struct StoreConfig {
  std::string url;  // postgresql://…; empty: embedded
  std::uint32_t sessions = 4;
};

struct CatalogConfig {
  std::uint64_t asset_bytes = 1u << 20;
  std::uint64_t push_bytes = 32u << 20;
  std::uint32_t push_assets = 5'000;
};

struct DatasetsConfig {
  std::uint64_t case_bytes = 1u << 20;
  std::uint64_t cases = 5'000'000;
  std::uint64_t document_bytes = 16u << 20;
  std::uint64_t upload_bytes = std::uint64_t{4} << 30;
  std::uint32_t upload_hours = 24;  // how long unfinished uploads and unused cases are kept
  std::uint32_t imports = 2;        // at once
  std::uint32_t invocation_cases = 10'000;
  std::uint64_t invocations_scanned = 1'000'000;
};

struct EvaluationConfig {
  std::uint32_t runs = 4;           // at once
  std::uint32_t concurrency = 256;  // calls of one run in flight, whatever its evaluation says
  std::uint32_t judge_concurrency = 32;
  std::uint64_t results = 10'000'000;  // of one run
  std::uint64_t answer_bytes = 64u << 10;
  std::uint32_t patience_ms = 3'600'000;
  std::uint32_t http_timeout_ms = 120'000;
  std::vector<std::string> private_hosts;
  std::uint32_t baseline_reuse_ms = 86'400'000;
};

struct WatchdogConfig {
  std::uint32_t stall_ms = 25;
};

struct SecurityConfig {
  std::uint32_t session_hours = 12;
  std::uint32_t sign_in_minutes = 30;  // how long the one-time sign-in link is good for
  std::uint32_t failed_sign_ins_per_minute = 10;
  std::uint32_t invitation_days = 7;  // how long an invitation is good for
  bool passwords = true;              // people may sign in with a password
};

// Sign-in with an identity provider (OpenID Connect); off while `issuer` is empty.
struct OidcConfig {
  std::string issuer;
  std::string client_id;
  std::string client_secret;
  std::string name = "single sign-on";  // on the sign-in page: "Sign in with …"
  std::vector<std::string> scopes = {"openid", "email", "profile"};
  std::vector<std::string> allowed_domains;  // of verified e-mail addresses; empty: any
  std::string roles_claim;                   // empty: roles are given here
  std::vector<std::string> role_mapping;     // "group=role"
  std::vector<std::string> default_roles;
  std::string ca_file;
  bool allow_private = false;
  std::uint32_t clock_skew_s = 60;
  std::uint32_t timeout_ms = 10'000;
};

struct AuditConfig {
  std::string anchors_file;  // empty: audit-anchors.jsonl in the data directory
};

struct GovernanceConfig {
  std::string questionnaire_file;  // YAML; empty: the built-in one
};

struct Config {
  ServerConfig server;
  std::string data_dir;  // resolved by load_config: never empty afterwards
  LogConfig log;
  std::vector<EnvironmentConfig> environments = {
      {"dev"},
      {"preprod"},
      {.name = "prod", .capture = CapturePolicy::kMetadata, .require_approved_use_case = true}};
  std::vector<ConnectionConfig> connections;
  std::vector<ModelRouteConfig> models;
  StoreConfig store;
  CatalogConfig catalog;
  DatasetsConfig datasets;
  TelemetryConfig telemetry;
  GatewayConfig gateway;
  SimulatedConfig simulated;
  WatchdogConfig watchdog;
  SecurityConfig security;
  GovernanceConfig governance;
  OidcConfig oidc;
  AuditConfig audit;
  RawSetting prices;  // YAML handed to telemetry's price table as it stands
  EvaluationConfig evaluation;

  [[nodiscard]] const EnvironmentConfig* environment(std::string_view name) const;
  [[nodiscard]] const ConnectionConfig* connection(std::string_view name) const;
};

// Binds every setting to the fields of `config`, whose present values are the defaults. `config` must outlive
// the schema.
SettingsSchema declare_config(Config& config);

// What the process was started with. Injected, so that tests and fuzzers touch neither files nor environment.
struct ConfigInput {
  std::string file_name;  // as shown in errors; empty: no file
  std::string file_text;
  std::map<std::string, std::string, std::less<>> environment;
  std::vector<std::string> assignments;  // "server.port=8080" from --set, in order
};

struct LoadedConfig {
  Config config;
  SettingsReport report;  // problems (if any, `config` must not be used), warnings and where values came from
};

// Merges defaults, file, environment and assignments; checks what spans several settings; resolves data_dir;
// adds connections for OPENAI_API_KEY/OPENAI_BASE_URL, ANTHROPIC_API_KEY/ANTHROPIC_BASE_URL and OLLAMA_HOST
// where the file declares none of that name, and `simulated` always. Reads no file.
LoadedConfig load_config(const ConfigInput& input);

// The input of this process: `environ`, and the file at `path`, or with an empty path the first that exists
// of $SLIPWAY_CONFIG, ./slipway.yaml, $XDG_CONFIG_HOME/slipway/slipway.yaml, /etc/slipway/slipway.yaml (none:
// no file). kNotFound or kIo when a file named by the caller or by $SLIPWAY_CONFIG can't be read.
Result<ConfigInput> read_config_input(const std::string& path, std::vector<std::string> assignments = {});

// Where data lives when nobody says: $STATE_DIRECTORY (systemd), $XDG_DATA_HOME/slipway,
// ~/.local/share/slipway, and without a home directory /var/lib/slipway.
std::string default_data_dir(const std::map<std::string, std::string, std::less<>>& environment);

// Settings files and the admin token a server leaves in its data directory for CLI calls from the same
// account.
inline constexpr std::string_view kAdminTokenFile = "admin.token";

std::string_view to_string(CapturePolicy policy);
std::string_view to_string(Durability durability);
std::string_view to_string(Dialect dialect);

}  // namespace slipway
