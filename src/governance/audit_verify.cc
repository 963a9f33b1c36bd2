// SPDX-License-Identifier: Apache-2.0
// Whether the audit log is as it was written. Shares nothing with the code that writes it but audit_digest().
#include <fmt/format.h>

#include <map>

#include "governance/audit_log.h"

namespace slipway::governance {

namespace {

constexpr std::size_t kProblemsLimit = 100;
constexpr std::size_t kDigestLength = 64;

// Walks the entries in their order and keeps what is wrong.
class Walk {
 public:
  explicit Walk(const AnchorFile& anchors) {
    for (const std::string& line : anchors.unreadable)
      tell(0, "the file of anchors has an unreadable " + line);
    for (const AuditAnchor& anchor : anchors.anchors) anchors_.emplace(anchor.seq, anchor);
  }

  void step(const AuditEntry& entry) {
    const std::int64_t expected = report_.entries == 0 ? 1 : last_seq_ + 1;
    if (entry.seq < expected) {
      tell(entry.seq, fmt::format("there is an entry {}, but the first is 1", entry.seq));
      return;
    }
    if (entry.seq != expected) {
      tell(expected, entry.seq == expected + 1
                         ? fmt::format("entry {} is missing", expected)
                         : fmt::format("entries {} to {} are missing", expected, entry.seq - 1));
    } else if (entry.previous != report_.head_or_zeros) {
      tell(entry.seq,
           report_.entries == 0
               ? std::string("entry 1 says that another one came before it")
               : fmt::format("entry {} was written after another entry {} than the one that is there "
                             "now: that one was replaced, or the order was changed",
                             entry.seq, entry.seq - 1));
    }
    if (audit_digest(entry) != entry.digest)
      tell(entry.seq,
           fmt::format("entry {} was changed after it was written: its digest does not fit it", entry.seq));
    compare(entry);
    last_seq_ = entry.seq;
    report_.head_or_zeros = entry.digest;
    ++report_.entries;
  }

  AuditReport finish() {
    for (const auto& [seq, anchor] : anchors_) {
      if (compared_.contains(seq)) continue;
      ++report_.checked;
      if (seq > last_seq_)
        tell(seq, fmt::format("the end was cut off: entry {} was there on {}, but the log ends with entry {}",
                              seq, anchor.date, last_seq_));
      else
        tell(seq, fmt::format("entry {}, which was anchored on {}, is missing", seq, anchor.date));
    }
    AuditReport report;
    report.entries = report_.entries;
    report.head = report_.entries == 0 ? std::string() : report_.head_or_zeros;
    report.problems = std::move(problems_);
    report.anchors_checked = report_.checked;
    if (untold_ > 0) report.problems.push_back({0, fmt::format("and {} more problems", untold_)});
    return report;
  }

 private:
  void tell(std::int64_t seq, std::string detail) {
    if (problems_.size() < kProblemsLimit)
      problems_.push_back({seq, std::move(detail)});
    else
      ++untold_;
  }
  void compare(const AuditEntry& entry) {
    const auto [begin, end] = anchors_.equal_range(entry.seq);
    if (begin == end) return;
    compared_.emplace(entry.seq, true);
    for (auto at = begin; at != end; ++at) {
      ++report_.checked;
      if (at->second.digest != entry.digest)
        tell(entry.seq,
             fmt::format("entry {} is not the one that was anchored on {}: the log was written anew up "
                         "to there, or the anchor is another log's",
                         entry.seq, at->second.date));
    }
  }

  struct {
    std::int64_t entries = 0;
    std::string head_or_zeros = std::string(kDigestLength, '0');
    std::int64_t checked = 0;
  } report_;
  std::int64_t last_seq_ = 0;
  std::multimap<std::int64_t, AuditAnchor> anchors_;
  std::map<std::int64_t, bool> compared_;
  std::vector<AuditProblem> problems_;
  std::size_t untold_ = 0;
};

}  // namespace

Result<AuditReport> AuditLog::verify(const AnchorFile& anchors) {
  Walk walk(anchors);
  SLIPWAY_TRY(for_each({}, [&walk](const AuditEntry& entry) {
    walk.step(entry);
    return true;
  }));
  return walk.finish();
}

}  // namespace slipway::governance
