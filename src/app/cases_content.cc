// SPDX-License-Identifier: Apache-2.0
#include "app/cases_content.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "catalog/case_reader.h"
#include "catalog/case_store.h"

namespace slipway::app {

namespace {

constexpr std::size_t kPieceBytes = 1u << 20;

}  // namespace

Result<json::object> cases_content(const cli::CasesFile& file) {
  std::ifstream in(file.path, std::ios::binary);
  if (!in)
    return fail(ErrorCode::kNotFound, std::string("can't be read: ") + std::strerror(errno), file.path);
  std::string piece;
  const catalog::ByteSource source = [&]() -> Result<std::string_view> {
    piece.resize(kPieceBytes);
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad()) return fail(ErrorCode::kIo, "can't be read", file.path);
    return std::string_view(piece);
  };
  catalog::ReadOptions options;
  options.format = file.format;
  options.file_name = file.path;
  options.columns = file.columns;
  catalog::ImportReport report;
  auto summary = catalog::summarize_cases(source, options, report);
  if (!summary) {
    Error error = summary.error();
    error.where = file.path + (error.where.empty() ? "" : ", " + error.where);
    return fail(std::move(error));
  }
  return catalog::cases_content(*summary);
}

}  // namespace slipway::app
