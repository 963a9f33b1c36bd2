// SPDX-License-Identifier: Apache-2.0
// Files of responses that somebody else's system gave: the first byte is the size of the pieces.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/text.h"
#include "evaluation/runs/given_responses.h"

using namespace slipway;
using namespace slipway::evaluation;

namespace {

Result<std::unique_ptr<GivenResponses>> open_in_pieces(std::string_view text, std::size_t piece) {
  std::size_t at = 0;
  const catalog::ByteSource source = [&]() -> Result<std::string_view> {
    const std::string_view next = text.substr(at, piece);
    at += next.size();
    return next;
  };
  return GivenResponses::open(source, [text, piece](std::uint64_t byte) -> Result<FilePiece> {
    const std::uint64_t first = byte / piece * piece;
    return FilePiece{first, std::string(text.substr(first, piece))};
  });
}

CallOutcome ask(GivenResponses& given, json::object fields, std::string id, std::uint32_t repeat) {
  auto one = std::make_shared<RunCase>();
  one->id = std::move(id);
  one->fields = std::move(fields);
  CallOutcome out;
  given.start({{0, 0, repeat, one}},
              [&](const CallOrder&, CallOutcome outcome) { out = std::move(outcome); });
  return out;
}

bool same(const CallOutcome& a, const CallOutcome& b) {
  return a.end == b.end && a.text == b.text && a.message == b.message && a.model == b.model &&
         a.error_code == b.error_code && a.error_message == b.error_message && a.cost_nano == b.cost_nano &&
         a.latency_us == b.latency_us && a.input_tokens == b.input_tokens;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = open_in_pieces(text, text.size() + 1);
  const auto given = open_in_pieces(text, 1 + data[0] % 64);
  // Where the pieces end must not matter.
  if (whole.has_value() != given.has_value()) std::abort();
  if (!given) {
    if (given.error().describe() != whole.error().describe()) std::abort();
    return 0;
  }
  std::map<std::string, std::uint32_t> ids;
  std::map<std::string, std::uint32_t> prompts;
  std::size_t lines = 0;
  const auto each_line = [&](const auto& visit) {
    for (const std::string_view line : split(text, '\n')) {
      if (trim(line).empty()) continue;
      const auto response = read_given_response(line);
      if (!response) std::abort();  // the file was taken
      visit(*response);
    }
  };
  each_line([&](const GivenResponse& response) {
    ++lines;
    if (!response.id.empty()) ids[response.id] = 0;
  });
  if ((*given)->size() != lines || (*whole)->size() != lines) std::abort();
  // Each line is found by its case, or by its prompt where the case has no line of its own.
  std::string stranger = "stranger";
  while (ids.contains(stranger)) stranger += '.';
  each_line([&](const GivenResponse& response) {
    const bool by_id = !response.id.empty();
    const std::uint32_t repeat = by_id ? ids[response.id]++ : prompts[std::string(trim(response.prompt))]++;
    json::object fields;
    if (!by_id) fields["input"] = response.prompt;
    const std::string id = by_id ? response.id : stranger;
    if (!same(ask(**given, fields, id, repeat), response.outcome)) std::abort();
    if (!same(ask(**whole, fields, id, repeat), response.outcome)) std::abort();
  });
  if (ask(**given, {}, stranger, 0).error_code != "no_response") std::abort();
  return 0;
}
