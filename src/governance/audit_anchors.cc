// SPDX-License-Identifier: Apache-2.0
#include "governance/audit_anchors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kUnreadableLimit = 20;
constexpr std::size_t kDigestBytes = 32;

Result<AuditAnchor> parse_anchor(std::string_view line) {
  SLIPWAY_ASSIGN(const json::value value, parse_json(line, {.depth = 4, .size_bytes = 4096}));
  if (!value.is_object()) return fail(ErrorCode::kDataLoss, "is no JSON object");
  AuditAnchor anchor;
  SLIPWAY_ASSIGN(anchor.date, require_string(value.as_object(), "date"));
  SLIPWAY_ASSIGN(anchor.digest, require_string(value.as_object(), "digest"));
  SLIPWAY_ASSIGN(const auto seq, optional_integer(value.as_object(), "seq"));
  if (!seq || *seq < 1) return fail(ErrorCode::kDataLoss, "names no entry in \"seq\"");
  const auto bytes = unhex(anchor.digest);
  if (!bytes || bytes->size() != kDigestBytes || to_lower(anchor.digest) != anchor.digest)
    return fail(ErrorCode::kDataLoss, "has no digest of 64 hexadecimal digits");
  anchor.seq = *seq;
  return anchor;
}

}  // namespace

AnchorFile parse_anchors(std::string_view text) {
  AnchorFile file;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = trim(line);
    if (line.empty()) continue;
    auto anchor = parse_anchor(line);
    if (anchor)
      file.anchors.push_back(std::move(*anchor));
    else if (file.unreadable.size() < kUnreadableLimit)
      file.unreadable.push_back(fmt::format("line {}: {}", number, anchor.error().message));
  }
  return file;
}

Result<AnchorFile> read_anchors(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) return AnchorFile{};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (std::filesystem::is_directory(file, error) || !in ||
      !(text << in.rdbuf() || in.peek() == std::ifstream::traits_type::eof()))
    return fail(ErrorCode::kIo, "the anchors of the audit log can't be read", file.string(),
                "Check who may read the file.");
  return parse_anchors(text.str());
}

Result<> append_anchor(const std::filesystem::path& file, const AuditAnchor& anchor) {
  const std::string line =
      json::serialize(json::object{{"date", anchor.date}, {"seq", anchor.seq}, {"digest", anchor.digest}}) +
      "\n";
  const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  bool done = out >= 0 && ::write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
              ::fsync(out) == 0;
  const int reason = errno;
  if (out >= 0 && ::close(out) != 0) done = false;
  if (!done)
    return fail(ErrorCode::kIo,
                fmt::format("the anchor of the audit log can't be written: {}", std::strerror(reason)),
                file.string(), "Check the disk and who may write there (setting audit.anchors_file).");
  return {};
}

}  // namespace slipway::governance
