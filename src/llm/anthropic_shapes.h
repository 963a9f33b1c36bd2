// SPDX-License-Identifier: Apache-2.0
// Pieces of the Messages API that requests, answers and streams share. Internal to the Anthropic dialect.
#pragma once

#include <string>
#include <string_view>

#include "llm/call.h"
#include "llm/fields.h"
#include "llm/json_writer.h"

namespace slipway::llm::anthropic {

inline constexpr std::string_view kDialect = "anthropic";

StopReason stop_reason(std::string_view word);
std::string_view stop_reason_word(StopReason stop, std::string_view raw);

// input_tokens counts neither cache reads nor writes here; thinking is part of output_tokens.
Usage read_usage(const json::value& usage);
void write_usage(JsonWriter& out, const Usage& usage);

Citation read_citation(const json::object& object);
void write_citation(JsonWriter& out, const Citation& citation);

ProviderError read_error(const json::value& error, int status);
void write_error(JsonWriter& out, const ProviderError& error);

// A content block of a request or an answer. Blocks of unknown kinds become opaque parts.
Result<Part> read_block(const json::value& value, const std::string& path);
// A string or an array of blocks.
Result<std::vector<Part>> read_content(const json::value& content, const std::string& path);
// `own`: the part was made for Anthropic, so that unknown fields and kinds may go along.
// kInvalidArgument for what this API has no block for.
Result<> write_block(JsonWriter& out, const Part& part, bool own, const std::string& path);
// False for parts that are left out: empty texts (refused there) and reasoning that another provider did not
// sign.
bool has_block(const Part& part);

}  // namespace slipway::llm::anthropic
