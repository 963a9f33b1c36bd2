// SPDX-License-Identifier: Apache-2.0
// Any bytes are a template or are refused; what is a template renders within its limits, and what is inserted
// is never read as a template.
#include <cstdlib>

#include "llm/mustache.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  using namespace slipway::llm;
  const std::string source{data, data + size};
  const auto made = Template::compile(source);
  const auto partial = Template::compile(source, Template::Use::kPartial);
  if (made.has_value() != partial.has_value()) std::abort();
  if (!made) return 0;
  static const json::object kView =
      parse_json(
          R"({"a": "{{b}}{{#a}}", "b": true, "c": [1, 2, {"a": "}}"}], "d": {"e": {"f": 0.5}}, "g": null,
                     "h": []})")
          ->as_object();
  Template::Partials partials;
  partials.emplace("p", *partial);
  RenderLimits limits;
  limits.output_bytes = 1u << 16;
  limits.steps = 10'000;
  std::string whole;
  const bool done = made->render(kView, {}, limits, whole).has_value();
  // A partial on its own is the same text.
  std::string indirect;
  const bool included = partial->render(kView, {}, limits, indirect).has_value();
  if (done && included && whole != indirect) std::abort();
  std::string nested;
  (void)Template::compile("  {{>p}}\n")->render(kView, partials, limits, nested);
  if (made->constant() != nullptr && done && *made->constant() != whole) std::abort();
  return 0;
}
