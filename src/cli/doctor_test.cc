// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/temporary_directory.h"
#include "cli/test_server.h"

namespace slipway::cli {
namespace {

using testing::HasSubstr;

class Doctor : public testing::Test {
 protected:
  TemporaryDirectory temporary_{"doctor"};
  std::string folder_ = temporary_.path().string();
};

TEST_F(Doctor, DataDirectory) {
  EXPECT_EQ(check_data_dir(folder_).health, Health::kOk);
  EXPECT_THAT(check_data_dir(folder_ + "/a/b").detail, HasSubstr("will be made"));
  ::chmod(folder_.c_str(), 0755);
  EXPECT_EQ(check_data_dir(folder_).health, Health::kWarning);
  EXPECT_EQ(check_data_dir(folder_).mend, "chmod 700 " + folder_);
  ::chmod(folder_.c_str(), 0700);
  std::ofstream(folder_ + "/admin.token") << "x";
  ::chmod((folder_ + "/admin.token").c_str(), 0644);
  EXPECT_EQ(check_data_dir(folder_).health, Health::kFailed);
  EXPECT_EQ(check_data_dir(folder_ + "/admin.token").health, Health::kFailed);
}

TEST_F(Doctor, Disk) {
  EXPECT_EQ(check_disk_space(folder_, 0).check, "disk space");
  const Finding full = check_disk_space(folder_ + "/not/yet", 1ull << 60);
  EXPECT_EQ(full.health, Health::kFailed);
  EXPECT_THAT(full.mend, HasSubstr("make room"));
  EXPECT_NE(check_disk_speed(folder_).health, Health::kFailed);
  EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "nothing may be left behind";
  EXPECT_EQ(check_disk_speed("/proc").health, Health::kFailed);
}

TEST_F(Doctor, Port) {
  TestServer server([](const SeenRequest& request) {
    return PlannedAnswer{.status = request.target == "/healthz" ? 200 : 404, .body = "{}"};
  });
  ServerConfig config;
  config.port = server.port();
  EXPECT_THAT(check_port(config).detail, HasSubstr("answers /healthz"));
  TestServer stranger([](const SeenRequest&) { return PlannedAnswer{.status = 404, .body = "{}"}; });
  config.port = stranger.port();
  const Finding taken = check_port(config);
  EXPECT_EQ(taken.health, Health::kFailed);
  EXPECT_THAT(taken.mend, HasSubstr("ss -ltnp"));
  config.address = "203.0.113.7";
  EXPECT_THAT(check_port(config).detail, HasSubstr("no address of this machine"));
  config.address = "not-an-address";
  EXPECT_EQ(check_port(config).health, Health::kFailed);
}

TEST_F(Doctor, Connections) {
  TestServer server([](const SeenRequest& request) {
    if (request.target == "/gone/models") return PlannedAnswer{.status = 404, .body = "{}"};
    return PlannedAnswer{.status = request.authorization == "Bearer good" ? 200 : 401, .body = "{}"};
  });
  ConnectionConfig connection;
  connection.name = "own";
  connection.base_url = server.url() + "/v1/";
  connection.api_key = "good";
  EXPECT_EQ(check_connection(connection).health, Health::kOk) << check_connection(connection).detail;
  EXPECT_EQ(server.seen().back().target, "/v1/models");
  connection.api_key = "bad";
  const Finding refused = check_connection(connection);
  EXPECT_EQ(refused.health, Health::kFailed);
  EXPECT_EQ(refused.mend, "check connections.own.api_key");
  connection.base_url = server.url() + "/gone";
  EXPECT_EQ(check_connection(connection).health, Health::kWarning);
  connection.base_url = "http://127.0.0.1:1/v1";
  EXPECT_EQ(check_connection(connection).health, Health::kFailed);
  connection.base_url = "http://name.invalid/v1";
  EXPECT_THAT(check_connection(connection).detail, HasSubstr("can't be resolved"));
  // A plain server does not speak TLS.
  connection.base_url = "https://127.0.0.1:" + std::to_string(server.port());
  EXPECT_EQ(check_connection(connection).health, Health::kFailed);
}

TEST_F(Doctor, ExaminesEverything) {
  LoadedConfig loaded = load_config(
      {"f.yaml", "logg: {}\n", {{"HOME", folder_}, {"SLIPWAY_NOTHING", "1"}}, {"data_dir=" + folder_}});
  loaded.config.server.port = 0;
  std::vector<std::string> checks;
  examine(loaded, [&](const Finding& finding) {
    checks.push_back(finding.check);
    EXPECT_EQ(finding.mend.empty(), finding.health == Health::kOk) << finding.check << ": " << finding.detail;
  });
  EXPECT_EQ(checks,
            (std::vector<std::string>{"settings", "settings", "data directory", "disk space", "disk writes",
                                      "clock", "open files", "port", "connection simulated"}));
}

}  // namespace
}  // namespace slipway::cli
