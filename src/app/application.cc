// SPDX-License-Identifier: Apache-2.0
#include "app/application.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/release_ports.h"
#include "app/run_ports.h"
#include "app/template_inspector.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "catalog/schema.h"
#include "evaluation/runs/metric_scorer.h"
#include "evaluation/runs/run_schema.h"
#include "governance/asset_ports.h"
#include "governance/schema.h"

namespace slipway::app {

namespace {

constexpr std::uint32_t kPoolThreads = 6;
constexpr std::uint32_t kPoolQueue = 1'000;
constexpr std::uint32_t kResolverThreads = 2;
constexpr std::uint32_t kHouseSeconds = 20;
constexpr std::chrono::milliseconds kRunInterval{1'000};
constexpr std::chrono::milliseconds kGateInterval{250};
constexpr std::int64_t kCollectionUs = 600'000'000;  // between two looks for unused cases
constexpr std::string_view kFirstUseCase = "getting-started";

// Connections need descriptors, and the usual soft limit of 1,024 is for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Written beside and renamed, so that a reader sees the old token or the new one, never half of it.
Result<> write_private_file(const std::filesystem::path& path, const std::string& text) {
  const std::string beside = path.string() + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0)
    return fail(ErrorCode::kIo, fmt::format("can't be written: {}", std::strerror(errno)), beside,
                "Check who may write to the data directory.");
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = ::close(file) == 0;
  if (!written || !closed || ::rename(beside.c_str(), path.c_str()) != 0)
    return fail(ErrorCode::kIo, fmt::format("can't be written: {}", std::strerror(errno)), path.string(),
                "Check the disk's free space.");
  return {};
}

std::string read_line(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// The loops share their port by SO_REUSEPORT, which would let a second server of the same user share it as
// well and silently take half of the calls. A socket without that option is refused where anybody listens.
Result<> check_port_is_free(const ServerConfig& config) {
  boost::system::error_code error;
  const auto address = rt::asio::ip::make_address(config.address, error);
  if (error || config.port == 0) return {};
  rt::asio::io_context context;
  rt::asio::ip::tcp::socket probe(context);
  const rt::asio::ip::tcp::endpoint endpoint(address, config.port);
  probe.open(endpoint.protocol(), error);
  if (!error) probe.set_option(rt::asio::socket_base::reuse_address(true), error);
  if (!error) probe.bind(endpoint, error);
  if (error)
    return fail(
        ErrorCode::kConflict,
        fmt::format("can't listen on {} port {}: {}", config.address, config.port, error.message()), {},
        "Stop what listens there, or choose another port with the setting server.port (0 takes a free "
        "one).");
  return {};
}

// The service whose token stands in this data directory. Nodes that share a database each have one.
std::string local_service(const Config& config) {
  if (config.store.url.empty()) return "local command line";
  char host[256] = {};
  ::gethostname(host, sizeof(host) - 1);
  return fmt::format("local command line of {} {}", host, hex(sha256(config.data_dir)).substr(0, 8));
}

Result<governance::Questionnaire> read_questionnaire(const std::string& file) {
  if (file.empty()) return governance::Questionnaire::builtin();
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return fail(ErrorCode::kNotFound, "the questionnaire can't be read", file,
                "Check governance.questionnaire_file.");
  return governance::Questionnaire::parse(text.str(), file);
}

std::uint32_t loop_count(const Config& config) {
  return config.server.loops != 0 ? config.server.loops : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Result<std::unique_ptr<Application>> Application::start(Config config, Logger log) {
  raise_descriptor_limit();
  std::unique_ptr<Application> app(new Application(std::move(config), std::move(log)));
  SLIPWAY_ASSIGN(app->data_directory_, DataDirectory::open(app->config_.data_dir));
  SLIPWAY_TRY(check_port_is_free(app->config_.server));
  SLIPWAY_TRY(app->open_stores());
  SLIPWAY_TRY(app->open_people());
  SLIPWAY_TRY(app->start_simulated());
  SLIPWAY_TRY(app->first_start());
  SLIPWAY_TRY(app->start_loops());
  app->register_metrics();
  if (app->database_->backend() == store::Backend::kPostgresql) {
    app->watcher_ = std::make_unique<ChangeWatcher>(
        *app->database_, app->snapshot_changes_, [raw = app.get()] { return raw->republish(); }, app->log_);
  }
  app->start_rollouts();
  app->housekeeper_ = std::thread([raw = app.get()] { raw->keep_house(); });
  app->log_.info("server.started", {{"url", app->url()},
                                    {"loops", app->loops_.size()},
                                    {"data_dir", app->config_.data_dir},
                                    {"simulated_only", app->services_->simulated_only}});
  return app;
}

Application::~Application() { stop(); }

Result<> migrate_rooms(store::Database& database) {
  SLIPWAY_TRY(catalog::migrate_catalog(database));
  SLIPWAY_TRY(governance::migrate_governance(database));
  SLIPWAY_TRY(evaluation::migrate_evaluation(database));
  return telemetry::migrate_feedback(database);
}

Result<> Application::open_stores() {
  const std::filesystem::path directory = config_.data_dir;
  SLIPWAY_ASSIGN(database_, store::Database::open({.file = directory / kStoreFile,
                                                   .url = config_.store.url,
                                                   .sessions = config_.store.sessions}));
  SLIPWAY_TRY(migrate_rooms(*database_));
  principals_ = std::make_unique<governance::PrincipalStore>(
      *database_, static_cast<std::int64_t>(config_.security.session_hours) * 3'600'000'000);
  SLIPWAY_TRY(open_registry());
  open_releases();
  open_datasets();

  telemetry::SpoolOptions spool;
  spool.directory = directory / "spool";
  spool.segment_bytes = config_.telemetry.segment_bytes;
  spool.disk_limit_bytes = config_.telemetry.spool_limit_bytes;
  spool.queue_limit_bytes = config_.telemetry.memory_queue_bytes;
  spool.sync_interval_ms = config_.telemetry.group_commit_ms;
  SLIPWAY_ASSIGN(spool_, telemetry::Spool::open(spool, log_));

  telemetry::StoreOptions telemetry_options;
  telemetry_options.file = directory / "telemetry.db";
  // Calls first, until half of the spool is taken.
  telemetry_options.help_from_bytes = config_.telemetry.spool_limit_bytes / 2;
  telemetry_options.compression_level = static_cast<int>(config_.telemetry.compression_level);
  for (const EnvironmentConfig& environment : config_.environments) {
    telemetry::RetentionPolicy policy;
    policy.body_days = environment.body_days;
    policy.row_days = environment.row_days;
    telemetry_options.retention_by_environment[environment.name] = policy;
  }
  SLIPWAY_ASSIGN(telemetry_, telemetry::TelemetryStore::open(telemetry_options, *spool_, log_));
  feedback_ = std::make_unique<telemetry::FeedbackStore>(*database_);
  SLIPWAY_ASSIGN(query_, telemetry::TelemetryQuery::open({.file = telemetry_options.file}));
  metrics_ = std::make_unique<telemetry::Metrics>();
  pool_ = std::make_unique<rt::BlockingPool>("work", kPoolThreads, kPoolQueue);
  resolver_ = std::make_unique<rt::BlockingPool>("resolve", kResolverThreads, kPoolQueue);
  return {};
}

Result<> Application::open_registry() {
  SLIPWAY_ASSIGN(auto questionnaire, read_questionnaire(config_.governance.questionnaire_file));
  questionnaire_ = std::make_unique<governance::Questionnaire>(std::move(questionnaire));
  use_cases_ = std::make_unique<governance::UseCaseStore>(*database_, *questionnaire_);
  SLIPWAY_ASSIGN(const std::uint32_t reassessed, use_cases_->reassess());
  if (reassessed != 0) log_.info("use_cases.reassessed", {{"changed", reassessed}});
  reviews_ = std::make_unique<governance::ReviewStore>(*database_, *use_cases_);
  std::vector<governance::EnvironmentRule> rules;
  for (const EnvironmentConfig& environment : config_.environments)
    rules.push_back({environment.name, environment.require_approved_use_case});
  policies_ = std::make_unique<governance::PolicyStore>(*database_, std::move(rules));
  keys_ = std::make_unique<governance::KeyStore>(*database_, *policies_);
  return {};
}

void Application::open_releases() {
  catalog::AssetPorts ports = governance::asset_ports();
  ports.inspect_template = inspect_template;
  ports.other_uses = [this](soci::session& sql, const catalog::AssetName& name) {
    return releases_->releases.uses(sql, name);
  };
  assets_ = std::make_unique<catalog::AssetStore>(
      *database_, std::move(ports),
      catalog::AssetLimits{config_.catalog.asset_bytes, config_.catalog.push_assets});
  std::vector<std::string> environments;
  for (const EnvironmentConfig& environment : config_.environments) environments.push_back(environment.name);
  releases_ = std::make_unique<governance::ReleaseServices>(*database_, *assets_, *use_cases_, *policies_,
                                                            environments);
  releases_->promotions.set_servable([this](const governance::ReleaseManifest& release,
                                            const std::vector<catalog::AssetVersion>& assets,
                                            const std::string& environment) {
    return why_not_servable(release, assets, environment, config_.connections);
  });
  loader_ = std::make_unique<ReleaseLoader>(release_ports(*releases_), log_);
}

Result<> Application::open_people() {
  audit_ = std::make_unique<governance::AuditLog>(*database_);
  std::string file = config_.audit.anchors_file;
  if (file.empty()) file = (std::filesystem::path(config_.data_dir) / kAnchorsFile).string();
  anchors_ = std::make_unique<AnchorKeeper>(*audit_, std::move(file), log_);
  if (config_.oidc.issuer.empty()) return {};
  SLIPWAY_ASSIGN(const std::string key, principals_->shared_secret("oidc cookies"));
  SLIPWAY_ASSIGN(oidc_, api::Oidc::create(config_.oidc, key));
  return {};
}

Result<> Application::start_simulated() {
  llm::SimulatedOptions options;
  options.seed = config_.simulated.seed;
  options.defaults.tokens_per_second = config_.simulated.tokens_per_second;
  options.defaults.first_token_ms = config_.simulated.first_token_ms;
  options.defaults.jitter_ms = config_.simulated.jitter_ms;
  if (const std::string& script = config_.simulated.script_file; !script.empty()) {
    std::ifstream in(script);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf()))
      return fail(ErrorCode::kNotFound, "the script can't be read", script, "Check simulated.script_file.");
    SLIPWAY_ASSIGN(options, llm::parse_simulated_script(text.str(), script, std::move(options)));
  }
  // A loop of its own: a real HTTP server in the process, so that its faults are real ones on the wire, and
  // it does not share a core's time with calls more than it must.
  simulated_loop_ = std::make_unique<rt::Loop>("simulated");
  simulated_ = std::make_unique<llm::SimulatedProvider>(std::move(options), log_);
  net::ServerOptions server;
  server.port = 0;
  server.limits.body_bytes = config_.gateway.body_limit_bytes + (1u << 20);
  SLIPWAY_ASSIGN(simulated_server_,
                 net::Server::listen(*simulated_loop_, std::move(server), simulated_->handler(), log_));
  SLIPWAY_ASSIGN(snapshots_, SnapshotBuilder::create(
                                 config_, fmt::format("http://127.0.0.1:{}/v1", simulated_server_->port())));
  snapshots_->serve(*loader_);
  return {};
}

Result<> Application::first_start() {
  SLIPWAY_TRY(principals_->ensure_administrator());
  SLIPWAY_TRY(use_cases_->ensure(api::kPlaygroundUseCase, "Playground", "slipway"));
  SLIPWAY_ASSIGN(const auto keys, keys_->list({.limit = 1}));
  if (keys.items.empty()) {
    SLIPWAY_TRY(use_cases_->ensure(kFirstUseCase, "Getting started", "admin"));
    governance::NewKey first;
    first.name = "first key";
    first.use_case = kFirstUseCase;
    // Where every environment wants an approved use case, the first key waits for a person's decision, too.
    const auto open =
        std::ranges::find(config_.environments, false, &EnvironmentConfig::require_approved_use_case);
    if (open != config_.environments.end()) {
      first.environment = open->name;
      SLIPWAY_ASSIGN(const auto made, keys_->create(first, governance::system_actor()));
      welcome_.api_key = made.secret;
    }
  }
  SLIPWAY_ASSIGN(welcome_.sign_in_token,
                 principals_->make_sign_in_token(static_cast<std::int64_t>(config_.security.sign_in_minutes) *
                                                 60'000'000));
  // The command line on this machine signs in by being able to read this file.
  const std::filesystem::path token_file = std::filesystem::path(config_.data_dir) / kAdminTokenFile;
  SLIPWAY_ASSIGN(const bool in_force, principals_->is_service_token(read_line(token_file)));
  if (!in_force) {
    SLIPWAY_ASSIGN(const std::string token, principals_->make_service_token(local_service(config_)));
    SLIPWAY_TRY(write_private_file(token_file, token + "\n"));
  }
  return {};
}

void Application::open_datasets() {
  const DatasetsConfig& datasets = config_.datasets;
  cases_ = std::make_unique<catalog::CaseStore>(
      *database_, catalog::CaseLimits{datasets.case_bytes, datasets.cases, datasets.document_bytes});
  datasets_ = std::make_unique<catalog::DatasetStore>(*assets_, *cases_);
  uploads_ = std::make_unique<catalog::UploadStore>(*database_, datasets.upload_bytes);
  open_runs();
}

void Application::open_runs() {
  run_releases_ = run_release_ports(*releases_);
  runs_ = std::make_unique<evaluation::RunStore>(*database_, run_recorder());
  evaluation::PlanPorts ports{*assets_, *datasets_, run_releases_,
                              [this](const std::string& owner, const std::string& upload) {
                                return uploads_->digest(owner, upload);
                              }};
  run_services_.reset(new evaluation::RunServices{*runs_, std::move(ports), run_plan_limits(config_),
                                                  evaluation::make_metric_scorer, nullptr});
  gates_ = std::make_unique<governance::Gates>(
      *database_, *releases_, *run_services_, *datasets_,
      governance::GateSettings{std::int64_t{config_.evaluation.baseline_reuse_ms} * 1'000,
                               [this] { return url(); }});
}

void Application::start_runs() {
  std::vector<gateway::Gateway*> gateways;
  for (const auto& loop : loops_) gateways.push_back(&loop->gateway());
  const auto keeps_texts = [this](const std::string& name) {
    const EnvironmentConfig* environment = config_.environment(name);
    return environment != nullptr && environment->capture == CapturePolicy::kFull;
  };
  engine_.reset(
      new evaluation::RunEngine({*runs_, *assets_, *datasets_, *uploads_, std::move(gateways), run_releases_,
                                 run_services_->make_scorer, keeps_texts, run_node(config_), log_},
                                run_limits(config_)));
  run_services_->engine = engine_.get();
  run_keeper_ = std::make_unique<Repeater>(kRunInterval, [this] { engine_->look(); });
  gate_keeper_ = std::make_unique<Repeater>(kGateInterval, [this, trouble = std::string()]() mutable {
    const Result<> looked = gates_->look();
    const std::string now = looked ? std::string() : looked.error().describe();
    if (now != std::exchange(trouble, now) && !now.empty())
      log_.warning("gates.not_judged", {{"error", now}});
  });
}

Result<> Application::start_loops() {
  SLIPWAY_ASSIGN(const auto snapshot, build_snapshot());
  published_.push_back(snapshot);
  rt::WatchdogOptions watchdog;
  watchdog.stall_ms = config_.watchdog.stall_ms;
  watchdog_ = std::make_unique<rt::Watchdog>(watchdog, log_);
  const bool simulated_only = std::ranges::all_of(
      config_.connections,
      [](const ConnectionConfig& connection) { return connection.dialect == Dialect::kSimulated; });
  publisher_ = std::make_unique<Publisher>([this] { return republish(); }, log_);
  services_.reset(new api::Services{
      .config = config_,
      .principals = *principals_,
      .use_cases = *use_cases_,
      .reviews = *reviews_,
      .policies = *policies_,
      .keys = *keys_,
      .assets = *assets_,
      .datasets = *datasets_,
      .uploads = *uploads_,
      .audit = *audit_,
      .anchors_file = anchors_->file(),
      .oidc = oidc_.get(),
      .releases = *releases_,
      .spool = *spool_,
      .telemetry = *telemetry_,
      .query = *query_,
      .feedback = *feedback_,
      .metrics = *metrics_,
      .pool = *pool_,
      .log = log_,
      .republish = [this] { return publisher_->publish(); },
      .key_last_used = [this](const std::string& id) { return snapshots_->last_used_us(id); },
      .loops =
          [this] {
            const std::vector<rt::LoopLag> lags = watchdog_->lags();
            std::vector<api::LoopStatus> loops;
            for (std::size_t i = 0; i < loops_.size(); ++i) {
              api::LoopStatus status;
              if (i < lags.size()) {
                status.lag_us = lags[i].last_us;
                status.max_lag_us = lags[i].max_us;
              }
              status.connections = loops_[i]->server_counters().connections_open;
              loops.push_back(status);
            }
            return loops;
          },
      .stopping = [this] { return stopping_.load(); },
      .store_trouble = [this] { return watcher_ ? watcher_->trouble() : publisher_->trouble(); },
      .pending_sources = {[this](const governance::Principal& who, bool mine) {
        return releases_->approvals.pending(who, mine);
      }},
      .sign_in_guard = api::SignInGuard(config_.security.failed_sign_ins_per_minute),
      .started_us = unix_now_us(),
      .simulated_only = simulated_only,
      .runs = *run_services_,
      .gates = *gates_});
  for (std::uint32_t i = 0; i < loop_count(config_); ++i) {
    loops_.push_back(std::make_unique<LoopStack>(fmt::format("loop-{}", i)));
    loops_.back()->build(config_, *resolver_, *spool_, *metrics_, snapshot, log_, i);
    watchdog_->watch(loops_.back()->loop());
  }
  start_runs();
  std::uint16_t port = config_.server.port;
  for (const auto& loop : loops_) {
    SLIPWAY_TRY(loop->listen(config_, port, *services_, log_));
    port = loop->port();  // a free port is picked once; the other loops share it
  }
  return {};
}

void Application::start_rollouts() {
  governance::RolloutPorts ports;
  ports.tally = [this](const std::string& release, const std::string& environment) {
    const auto tally = loader_->tally(release, environment);
    return tally == nullptr ? governance::ReleaseFigures{} : release_figures(tally->sum());
  };
  ports.scores = [this](const std::string& release,
                        const std::string& environment) -> Result<governance::ReleaseFigures> {
    SLIPWAY_ASSIGN(const telemetry::ScoreFigures scores, feedback_->scores(release, environment));
    governance::ReleaseFigures figures;
    figures.scores = scores.count;
    figures.score_sum = scores.sum;
    figures.score_squares = scores.squares;
    return figures;
  };
  rollouts_ = std::make_unique<RolloutKeeper>(
      *database_, releases_->deployments, std::move(ports), [this] { return publisher_->publish(); }, log_);
}

void Application::register_metrics() {
  using Kind = telemetry::Metrics::Kind;
  const auto spool_value = [this](auto field) {
    return [this, field] { return static_cast<double>(field(spool_->stats())); };
  };
  metrics_->add_callback(Kind::kGauge, "slipway_spool_queued_bytes", "Bytes of records not yet written.", {},
                         spool_value([](const telemetry::SpoolStats& s) { return s.queued_bytes; }));
  metrics_->add_callback(Kind::kGauge, "slipway_spool_disk_bytes", "Bytes of the spool on disk.", {},
                         spool_value([](const telemetry::SpoolStats& s) { return s.disk_bytes; }));
  metrics_->add_callback(Kind::kCounter, "slipway_records_written_total", "Records written to the spool.", {},
                         spool_value([](const telemetry::SpoolStats& s) { return s.records_written; }));
  metrics_->add_callback(Kind::kCounter, "slipway_records_lost_total", "Records that could not be kept.", {},
                         spool_value([](const telemetry::SpoolStats& s) { return s.lost(); }));
  metrics_->add_callback(Kind::kGauge, "slipway_index_lag_seconds",
                         "Age of the oldest record not yet queryable.", {},
                         [this] { return static_cast<double>(telemetry_->stats().lag_us) / 1e6; });
  metrics_->add_callback(Kind::kGauge, "slipway_blocking_pool_queued_jobs", "Jobs waiting for a pool thread.",
                         {}, [this] { return static_cast<double>(pool_->queued()); });
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const telemetry::MetricLabels labels = {{"loop", std::to_string(i)}};
    metrics_->add_callback(Kind::kGauge, "slipway_loop_lag_seconds",
                           "How long the loop's queue kept a heartbeat.", labels, [this, i] {
                             const auto lags = watchdog_->lags();
                             return i < lags.size() ? static_cast<double>(lags[i].last_us) / 1e6 : 0.0;
                           });
    metrics_->add_callback(
        Kind::kGauge, "slipway_client_connections", "Open connections of clients.", labels,
        [loop = loops_[i].get()] { return static_cast<double>(loop->server_counters().connections_open); });
    metrics_->add_callback(
        Kind::kGauge, "slipway_upstream_connections", "Open connections to providers.", labels,
        [loop = loops_[i].get()] { return static_cast<double>(loop->client_counters().open); });
  }
}

Result<std::shared_ptr<const gateway::Snapshot>> Application::build_snapshot() {
  // Counted before the tables are read: what is written meanwhile may be missing, and is then looked for
  // again.
  SLIPWAY_ASSIGN(const std::int64_t changes, database_->changes());
  SLIPWAY_ASSIGN(auto snapshot, snapshots_->build(*keys_));
  snapshot_changes_ = changes;
  return snapshot;
}

Result<> Application::republish() {
  const std::lock_guard lock(republish_mutex_);
  SLIPWAY_ASSIGN(const auto snapshot, build_snapshot());
  published_.push_back(snapshot);
  for (const auto& loop : loops_) loop->publish(snapshot);
  drop_snapshots();
  return {};
}

// Tens of thousands of keys and use cases take milliseconds to destroy: not on a loop, where calls wait.
void Application::drop_snapshots() {
  std::erase_if(published_, [](const auto& snapshot) { return snapshot.use_count() == 1; });
}

void Application::keep_house() {
  std::unique_lock lock(housekeeping_mutex_);
  while (!stopping_) {
    lock.unlock();  // the anchors may lie on a disk far away: stopping must not wait for the lock
    anchors_->keep(unix_now_us());
    lock.lock();
    housekeeping_wake_.wait_for(lock, std::chrono::seconds(kHouseSeconds),
                                [this] { return stopping_.load(); });
    {
      const std::lock_guard publishing(republish_mutex_);
      drop_snapshots();  // those that calls in flight still held
    }
    const Result<> noted = keys_->note_used(snapshots_->take_last_used());
    if (!noted) log_.warning("keys.last_use_not_noted", {{"error", noted.error().describe()}});
    collect_unused();
    const auto expired = use_cases_->note_expired();
    if (!expired) log_.warning("use_cases.expiry_not_noted", {{"error", expired.error().describe()}});
    if (expired && *expired != 0) log_.info("use_cases.expired", {{"count", *expired}});
  }
}

void Application::collect_unused() {
  const std::int64_t now_us = unix_now_us();
  if (now_us < next_collection_us_) return;
  next_collection_us_ = now_us + kCollectionUs;
  const std::int64_t before_us =
      now_us - static_cast<std::int64_t>(config_.datasets.upload_hours) * 3'600'000'000;
  const auto uploads = uploads_->collect(before_us);
  const auto cases = cases_->collect(before_us);
  if (!uploads || !cases)
    log_.warning("datasets.not_collected",
                 {{"error", (uploads ? cases.error() : uploads.error()).describe()}});
  else if (*uploads != 0 || cases->chunks != 0)
    log_.info("datasets.collected", {{"uploads", *uploads}, {"chunks", cases->chunks}});
}

void Application::stop() {
  {
    const std::lock_guard lock(housekeeping_mutex_);
    if (stopping_.exchange(true)) return;
  }
  log_.info("server.stopping");
  housekeeping_wake_.notify_all();
  if (housekeeper_.joinable()) housekeeper_.join();
  watcher_.reset();
  rollouts_.reset();
  if (publisher_) publisher_->stop();
  gate_keeper_.reset();
  run_keeper_.reset();
  if (engine_) engine_->stop();  // while its calls can still come to their end
  // All loops stop accepting together: a connection must not land on one that still listens.
  std::vector<std::thread> stoppers;
  for (const auto& loop : loops_)
    stoppers.emplace_back([&loop, this] { loop->stop_serving(config_.server.drain_ms); });
  for (std::thread& stopper : stoppers) stopper.join();
  if (watchdog_) {
    for (const auto& loop : loops_) watchdog_->unwatch(loop->loop());
  }
  watchdog_.reset();
  pool_.reset();  // jobs may still answer to loops
  for (const auto& loop : loops_) loop->shut_down(0);
  if (simulated_server_) simulated_server_->stop(0);
  simulated_server_.reset();
  if (simulated_loop_) simulated_loop_->stop();
  resolver_.reset();
  loops_.clear();
  services_.reset();
  engine_.reset();
  query_.reset();
  if (telemetry_) telemetry_->close();
  telemetry_.reset();
  if (spool_) spool_->close();
  spool_.reset();
  database_.reset();
  data_directory_.reset();
  log_.info("server.stopped");
}

std::string Application::url() const {
  if (!config_.server.public_url.empty()) return config_.server.public_url;
  const bool tls = !config_.server.tls.certificate_file.empty();
  const std::string& address = config_.server.address;
  const bool any = address == "0.0.0.0" || address == "::";
  const bool ipv6 = address.find(':') != std::string::npos;
  const std::string host = any || address == "127.0.0.1" ? "localhost" : ipv6 ? "[" + address + "]" : address;
  return fmt::format("{}://{}:{}", tls ? "https" : "http", host, port());
}

}  // namespace slipway::app
