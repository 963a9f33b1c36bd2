// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/handlers.h"
#include "api/operations.h"
#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {

rt::Task<void> get_status(Request& request) {
  Services& services = request.services;
  const telemetry::SpoolStats spool = services.spool.stats();
  const telemetry::StoreStats store = services.telemetry.stats();
  json::array checks;
  bool ready = true;
  for (const Check& check : run_checks(services)) {
    ready = ready && check.state != "fail";
    checks.emplace_back(json::object{{"name", check.name}, {"state", check.state}, {"detail", check.detail}});
  }
  json::array loops;
  for (const LoopStatus& loop : services.loops())
    loops.emplace_back(json::object{{"index", loops.size()},
                                    {"lag_ms", static_cast<double>(loop.lag_us) / 1000},
                                    {"max_lag_ms", static_cast<double>(loop.max_lag_us) / 1000},
                                    {"connections", loop.connections}});
  const std::uint64_t indexed = store.records_indexed + store.duplicates + store.undecodable;
  const json::object status{
      {"version", kVersion},
      {"started_at", format_time_us(services.started_us)},
      {"uptime_seconds", static_cast<double>(unix_now_us() - services.started_us) / 1e6},
      {"ready", ready},
      {"checks", std::move(checks)},
      {"loops", std::move(loops)},
      {"spool", json::object{{"bytes", spool.disk_bytes},
                             {"segments", spool.segments},
                             {"records_total", spool.records_written}}},
      {"lag", json::object{{"records_behind",
                            spool.records_appended > indexed ? spool.records_appended - indexed : 0},
                           {"seconds_behind", static_cast<double>(store.lag_us) / 1e6}}},
      {"lost_records", spool.lost()}};
  co_await answer(request, 200, json::serialize(status));
}

}  // namespace slipway::api
