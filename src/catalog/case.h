// SPDX-License-Identifier: Apache-2.0
// One case of a dataset, in the one way it is kept. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::catalog {

struct CaseLimits {
  std::uint64_t case_bytes = 1u << 20;       // canonical JSON of one case
  std::uint64_t cases = 5'000'000;           // of one version of a dataset
  std::uint64_t document_bytes = 16u << 20;  // a YAML or JSON document that is read as a whole
};

// A case as it is kept: canonical JSON in one line, and what is asked of it without reading that again.
struct Case {
  std::string id;
  std::string line;  // canonical JSON (RFC 8785), no line end
  std::string split;
  std::vector<std::string> tags;  // sorted, each once
  bool named = false;             // the id was given, not made from the content
};

// Checks `fields` (id, input, expected, context, tags, split, cluster, provenance, metadata) and brings them
// into one form: members that are null or empty go, tags are sorted. A case without an id is called by its
// content, so that the same case is the same anywhere. kInvalidArgument; `where` is the member.
Result<Case> make_case(json::object fields, const CaseLimits& limits);
// A line of the store. kDataLoss if it is none.
Result<Case> read_case(std::string_view line);

// What indexes keep of an id.
std::uint64_t id_hash(std::string_view id);

// What someone would read: the input's text, or its last message, or its variables.
std::string text_of_input(const json::value& input);

}  // namespace slipway::catalog
