// SPDX-License-Identifier: Apache-2.0
// Answers that somebody else's system gave, brought as a file: looked up by case, nothing is called. Memory
// holds 24 bytes a line and a few pieces of the file.
//
// A line is one of
//   {"id": "case", "response": …}      and, where known, model, finish_reason, latency_ms, first_token_ms,
//                                      cost_usd, input_tokens, output_tokens, tool_calls, error
//   {"prompt": …, "modelResponses": [{"response", "modelIdentifier"}]}          Bedrock, model evaluation
//   {"conversationTurns": [{"prompt", "output": {"text"}}]}                     Bedrock, retrieve and
//   generate
// Bedrock's lines name no case: theirs is the one whose input is their prompt. Several lines of one case are
// its repeats, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/case_reader.h"
#include "evaluation/runs/ports.h"

namespace slipway::evaluation {

struct FilePiece {
  std::uint64_t first_byte = 0;
  std::string text;
};
// The piece of a file that holds this byte. Blocks.
using PieceSource = std::function<Result<FilePiece>(std::uint64_t byte)>;

class GivenResponses final : public Caller {
 public:
  // Reads the file once. kInvalidArgument names the line. Blocks.
  static Result<std::unique_ptr<GivenResponses>> open(const catalog::ByteSource& source, PieceSource pieces);
  void start(std::vector<CallOrder> orders, const Done& done) override;
  void cancel() override {}
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t key = 0;
    std::uint64_t first_byte = 0;
    std::uint64_t bytes = 0;
  };
  explicit GivenResponses(PieceSource pieces) : pieces_(std::move(pieces)) {}
  Result<> add(std::string_view line, std::uint64_t first_byte, std::uint64_t number);
  [[nodiscard]] const Entry* find(std::uint64_t key, std::uint32_t repeat) const;
  Result<std::string> line_of(const Entry& entry);
  CallOutcome answer(const CallOrder& order);

  PieceSource pieces_;
  std::vector<Entry> entries_;  // by key, then place
  FilePiece piece_;             // the last one used; cases mostly come in the order of the file
};

// Answers that came with the cases: `metadata.modelResponses` as Bedrock's files have them (of which each is
// a repeat), or `metadata.response`.
class CaseResponses final : public Caller {
 public:
  void start(std::vector<CallOrder> orders, const Done& done) override;
  void cancel() override {}
};

// What a line says. kInvalidArgument for one that is none of the three.
struct GivenResponse {
  std::string id;      // of the case; or
  std::string prompt;  // its input's text
  CallOutcome outcome;
};
Result<GivenResponse> read_given_response(std::string_view line);

}  // namespace slipway::evaluation
