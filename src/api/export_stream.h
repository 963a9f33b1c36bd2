// SPDX-License-Identifier: Apache-2.0
// Answers that take their time: a file, written while a pool thread finds what belongs into it; the pauses of
// a stream of events.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "api/request.h"

namespace slipway::api {

// Takes a piece of the file; false when the reader has gone.
using ExportSink = std::function<bool(std::string_view)>;

struct ExportFile {
  std::string content_type;
  std::string name;  // "audit-2026-11-25T1200.jsonl"
};

// "audit", "csv" → the name of a file made now.
std::string export_file_name(std::string_view what, std::string_view ending);

// Runs `produce` on the pool and sends what it gives its sink. A slow reader slows it, and memory stays flat.
// If it fails half-way the connection is cut, so that half a file can't be taken for a whole one.
// kResourceExhausted (429) while two others run.
rt::Task<void> stream_export(Request& request, ExportFile file,
                             std::function<Result<>(const ExportSink&)> produce);

// Waits between two looks at what a stream of events tells; a leaving client ends it early.
rt::Task<void> pause(Request& request, std::uint32_t milliseconds);

}  // namespace slipway::api
