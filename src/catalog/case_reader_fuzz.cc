// SPDX-License-Identifier: Apache-2.0
// Files of cases of every kind: the first byte chooses the format, the second the size of the pieces.
#include <cstdlib>

#include "catalog/case_reader.h"
#include "catalog/case_table.h"

using namespace slipway;
using namespace slipway::catalog;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  ReadOptions options;
  const std::size_t choice = data[0] % (case_formats().size() + 1);
  if (choice != 0) options.format = case_formats()[choice - 1];
  options.limits.case_bytes = 4'096;
  options.limits.document_bytes = 16'384;
  const auto run = [&](std::size_t piece) {
    std::string all;
    std::size_t at = 0;
    const ByteSource source = [&]() -> Result<std::string_view> {
      const std::string_view next = text.substr(at, piece);
      at += next.size();
      return next;
    };
    const auto reader = read_cases(source, options);
    if (!reader) return std::string("refused");
    const auto report = import_cases(**reader, options, [&](const Case& one) -> Result<bool> {
      // What is kept reads back as itself.
      const auto again = read_case(one.line);
      if (!again || again->id != one.id) std::abort();
      std::string row;
      if (!append_case_row(row, one.line)) std::abort();
      all += one.line;
      return true;
    });
    return report ? all : std::string("failed");
  };
  // Where the pieces end must not matter.
  if (run(1 + data[1] % 64) != run(text.size() + 1)) std::abort();
  return 0;
}
