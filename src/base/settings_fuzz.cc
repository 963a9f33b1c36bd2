// SPDX-License-Identifier: Apache-2.0
// Any bytes as a settings file: must end in values within bounds or in problems, in bounded time and memory.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  slipway::ConfigInput input;
  input.file_name = "fuzz.yaml";
  input.file_text.assign(reinterpret_cast<const char*>(data), size);
  input.environment = {{"HOME", "/home/x"}, {"A", "b"}};
  if (size > 0 && size < 200) {
    input.environment.emplace("SLIPWAY_SERVER_PORT", input.file_text);
    input.assignments.push_back(input.file_text);
  }
  const slipway::LoadedConfig loaded = slipway::load_config(input);
  if (loaded.config.data_dir.empty()) std::abort();
  if (loaded.report.ok() && loaded.config.environments.empty()) std::abort();
  (void)loaded.report.describe();
  return 0;
}
