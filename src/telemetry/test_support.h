// SPDX-License-Identifier: Apache-2.0
// For this room's tests: a directory of their own, a loop, records that are all different.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/temporary_directory.h"
#include "telemetry/record.h"
#include "telemetry/record_codec.h"
#include "telemetry/spool_format.h"
#include "telemetry/spool_reader.h"

namespace slipway::telemetry::testing_support {

class TemporaryDirectory : public slipway::TemporaryDirectory {
 public:
  // `fast`: in memory where possible, for tests that sync hundreds of times and don't care about the disk.
  explicit TemporaryDirectory(bool fast = false)
      : slipway::TemporaryDirectory(
            "tele", fast && ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::path()) {}
};

inline Uuid numbered_id(std::uint64_t number) {
  Uuid id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  id.bytes[6] = 0x70;
  return id;
}
inline std::uint64_t number_of(const Uuid& id) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = (number << 8) | id.bytes[i];
  return number;
}

// The views point at literals and at `body`, which must live as long as the record.
inline InvocationRecord plain_record(std::uint64_t number, std::string_view body = {}) {
  InvocationRecord record;
  record.id = numbered_id(number);
  record.started_us = 1'790'000'000'000'000 + static_cast<std::int64_t>(number % 1'000'000'000) * 1000;
  record.duration_us = 1500;
  record.http_status = 200;
  record.attempts = 1;
  record.operation = "chat";
  record.surface = "openai";
  record.use_case = "support";
  record.environment = "prod";
  record.key_id = "key-1";
  record.key_name = "First key";
  record.provider = "simulated";
  record.connection = "simulated";
  record.requested_model = "model-a";
  record.response_model = "model-a";
  record.usage.input = 10;
  record.usage.output = 20;
  record.cost_nano = 1000;
  record.request_body = body;
  return record;
}

// Numbers of all records in the spool, in order.
inline std::vector<std::uint64_t> read_numbers(const std::filesystem::path& directory,
                                               SpoolReaderStats* stats = nullptr) {
  SpoolReader reader(directory);
  std::vector<std::uint64_t> numbers;
  while (true) {
    const auto frames = reader.read({~0ull, ~0ull}, 1u << 20);
    EXPECT_TRUE(frames) << frames.error().describe();
    if (!frames || frames->empty()) break;
    for (const SpoolFrame& frame : *frames) {
      InvocationRecord record;
      EXPECT_TRUE(decode_record(frame.version, frame.payload, record));
      numbers.push_back(number_of(record.id));
    }
  }
  if (stats != nullptr) *stats = reader.stats();
  return numbers;
}

}  // namespace slipway::telemetry::testing_support
