// SPDX-License-Identifier: Apache-2.0
// Checks of the machine that decide whether a server will run well here; each says how to mend what it finds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/config.h"

namespace slipway::cli {

enum class Health : std::uint8_t { kOk, kWarning, kFailed };

struct Finding {
  std::string check;
  Health health = Health::kOk;
  std::string detail;
  std::string mend;  // empty if ok
};

Finding check_data_dir(const std::string& data_dir);
Finding check_disk_space(const std::string& data_dir, std::uint64_t reserve_bytes);
// Writes 1 MiB and flushes it a few times.
Finding check_disk_speed(const std::string& data_dir);
Finding check_clock();
Finding check_open_files(std::uint64_t connections);
// Free, or answered by a Slipway that runs already.
Finding check_port(const ServerConfig& server);
// Name, connection, TLS and credentials, by asking for the list of models. Takes seconds where something is
// wrong.
Finding check_connection(const ConnectionConfig& connection);

// All of them, in a sensible order; `on_finding` sees each as soon as it is known.
void examine(const LoadedConfig& loaded, const std::function<void(const Finding&)>& on_finding);

}  // namespace slipway::cli
