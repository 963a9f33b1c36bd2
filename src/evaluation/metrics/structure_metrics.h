// SPDX-License-Identifier: Apache-2.0
// Whether an answer has the form it should have: JSON, XML, HTML, SQL. Pure functions; any thread.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "evaluation/metrics/answer_schema.h"
#include "evaluation/metrics/text_metrics.h"

namespace slipway::evaluation {

// The part of an answer that is meant as code: inside of its only ``` fence, or all of it, trimmed.
std::string_view code_in(std::string_view answer);
// The first JSON object or array that can be read in the answer, wherever it starts (at most kJsonStarts
// places are tried), or nullopt. With `anywhere` unset the whole of code_in() must be JSON, of any type.
inline constexpr int kJsonStarts = 64;
Result<json::value> json_in(std::string_view answer, bool anywhere);

Score score_json(std::string_view answer, bool anywhere);
Result<Score> score_json_schema(std::string_view answer, const AnswerSchema& schema, bool anywhere);
// The value at `pointer` against `expected`; numbers equal within `tolerance`. Without an expected value it
// is enough that there is one.
Score score_json_field(std::string_view answer, std::string_view pointer, const json::value* expected,
                       double tolerance, bool anywhere);

// Well-formed XML 1.0 (expat): one root, everything closed, no undefined entity. External entities are never
// loaded, and expat refuses entities that multiply.
Score score_xml(std::string_view answer);
// HTML5 without parse errors (gumbo). As a fragment unless it starts with a doctype or <html>; it must hold
// at least one element.
Score score_html(std::string_view answer);

// SQL statements that SQLite 3.40's parser accepts; tables and columns need not exist. The dialect is
// SQLite's: near to standard SQL and PostgreSQL in queries, but types and functions go by other rules.
Result<Score> score_sql(std::string_view answer);
inline constexpr std::size_t kSqlBytes = 1 << 20;  // more is kResourceExhausted

// JSON values as equal as a reader would take them: numbers by value within `tolerance`, members in any
// order.
bool same_json(const json::value& a, const json::value& b, double tolerance = 0);

}  // namespace slipway::evaluation
