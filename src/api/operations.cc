// SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "base/json.h"

namespace slipway::api {

namespace {

Check spool_check(const telemetry::SpoolStats& spool) {
  using telemetry::SpoolBlock;
  Check check{"records", "ok", {}};
  if (spool.blocked == SpoolBlock::kDiskFull)
    check = {"records", "fail",
             "The disk is full, so records of calls are not kept. Free space in the data directory."};
  else if (spool.blocked == SpoolBlock::kSpoolLimit)
    check = {"records", "fail",
             "The spool has reached its limit, so records of calls are not kept. Wait for the indexer to "
             "catch up or raise "
             "telemetry.spool_limit_bytes."};
  else if (spool.blocked != SpoolBlock::kNone)
    check = {"records", "fail",
             fmt::format("Records of calls can't be written: {}.", to_string(spool.blocked))};
  else if (spool.lost() > 0)
    check = {"records", "warn", fmt::format("{} records could not be kept since the start.", spool.lost())};
  return check;
}

Check index_check(const telemetry::StoreStats& store) {
  constexpr std::int64_t kLagWarnUs = 60'000'000;
  if (!store.last_error.empty())
    return {"index", "warn", "The latest batch was not indexed: " + store.last_error};
  if (store.lag_us > kLagWarnUs)
    return {"index", "warn",
            fmt::format("What is shown is {:.0f} s behind; it catches up when there is less traffic.",
                        static_cast<double>(store.lag_us) / 1e6)};
  return {"index", "ok", {}};
}

Check disk_check(const Config& config) {
  struct statvfs disk{};
  if (::statvfs(config.data_dir.c_str(), &disk) != 0)
    return {"disk", "warn", fmt::format("The free space of {} can't be read.", config.data_dir)};
  const std::uint64_t free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (free_bytes >= config.telemetry.disk_reserve_bytes) return {"disk", "ok", {}};
  return {"disk", "warn",
          fmt::format(
              "Only {} MiB are free in the data directory. Free space, or shorten the retention of bodies.",
              free_bytes >> 20)};
}

Check lag_check(const std::vector<LoopStatus>& loops) {
  constexpr std::int64_t kLagWarnUs = 100'000;
  for (const LoopStatus& loop : loops)
    if (loop.lag_us > kLagWarnUs)
      return {"loops", "warn",
              fmt::format("An event loop keeps work waiting for {:.0f} ms; the log says where.",
                          static_cast<double>(loop.lag_us) / 1000)};
  return {"loops", "ok", {}};
}

}  // namespace

std::vector<Check> run_checks(Services& services) {
  std::vector<Check> checks;
  checks.push_back(spool_check(services.spool.stats()));
  checks.push_back(index_check(services.telemetry.stats()));
  checks.push_back(disk_check(services.config));
  checks.push_back(lag_check(services.loops()));
  if (const std::string trouble = services.store_trouble(); !trouble.empty())
    checks.push_back(
        {"store", "warn",
         "The shared database can't be read; calls go on as last known, changes wait: " + trouble});
  if (services.stopping()) checks.push_back({"shutdown", "fail", "The server is stopping."});
  return checks;
}

rt::Task<bool> serve_operations(net::Exchange& exchange, Services& services) {
  const std::string_view path = exchange.path();
  if (path != "/healthz" && path != "/readyz" && path != "/metrics") co_return false;
  int status = 200;
  std::string body = "ok\n";
  std::string_view type = "text/plain; charset=utf-8";
  if (path == "/metrics") {
    body = services.metrics.expose();
    type = "text/plain; version=0.0.4; charset=utf-8";
  } else if (path == "/readyz") {
    body.clear();
    for (const Check& check : run_checks(services)) {
      if (check.state == "fail") status = 503;
      body +=
          fmt::format("{} {}{}{}\n", check.name, check.state, check.detail.empty() ? "" : ": ", check.detail);
    }
  }
  const std::vector<net::Header> headers = {{"content-type", type}, {"cache-control", "no-store"}};
  const Result<> sent = co_await exchange.send(status, headers, body);
  static_cast<void>(sent);  // the prober has left
  co_return true;
}

}  // namespace slipway::api
