// SPDX-License-Identifier: Apache-2.0
// Pieces of OpenAI's shapes that requests, answers and streams share. Internal to the OpenAI dialect.
#pragma once

#include <string>
#include <string_view>

#include "llm/call.h"
#include "llm/json_writer.h"
#include "llm/openai_scan.h"

namespace slipway::llm::openai {

// What requests and opaque parts of this dialect are marked with, whatever name it goes by.
inline constexpr std::string_view kDialect = "openai";

StopReason stop_reason(std::string_view finish_reason);
std::string_view finish_reason(StopReason stop, std::string_view raw);

// nullopt unless the object holds at least one good number.
std::optional<Usage> read_usage(const json::value& usage);
void write_usage(JsonWriter& out, const Usage& usage);

// {"message", "type", "param", "code"} or whatever a compatible server puts in its place.
ProviderError read_error(const json::value& error, int status);
void write_error(JsonWriter& out, const ProviderError& error);

// "data:image/png;base64,AAAA" taken apart; false if it is an ordinary URL.
bool split_data_url(std::string_view url, MediaSource& source);
std::string data_url(const MediaSource& source);

// Anthropic-style reasoning blocks, in the field that OpenAI-compatible tools use for them.
void read_thinking_blocks(const json::value& blocks, std::vector<Part>& parts);
void write_thinking_blocks(JsonWriter& out, const std::vector<Part>& parts);
bool has_signed_reasoning(const std::vector<Part>& parts);

std::vector<Citation> read_annotations(const json::value& annotations);
void write_annotations(JsonWriter& out, const std::vector<Part>& parts);
bool has_citations(const std::vector<Part>& parts);

void write_tool_call(JsonWriter& out, const ToolCallPart& call, std::optional<std::int64_t> index);

}  // namespace slipway::llm::openai
