// SPDX-License-Identifier: Apache-2.0
#include "app/anchor_keeper.h"

#include "base/text.h"

namespace slipway::app {

namespace {

constexpr std::int64_t kRetryUs = 600'000'000;

}  // namespace

void AnchorKeeper::keep(std::int64_t now_us) {
  const std::string date = format_time_us(now_us).substr(0, 10);
  if (date == done_ || now_us < next_try_us_) return;
  const Result<> kept = anchor(date);
  if (kept) {
    done_ = date;
    return;
  }
  next_try_us_ = now_us + kRetryUs;
  log_.warning("audit.not_anchored", {{"error", kept.error().describe()}});
}

Result<> AnchorKeeper::anchor(const std::string& date) {
  SLIPWAY_ASSIGN(const governance::AnchorFile before, governance::read_anchors(file_));
  if (!before.anchors.empty()) {
    const governance::AuditAnchor& last = before.anchors.back();
    if (last.date == date) return {};
    SLIPWAY_ASSIGN(const std::string digest, audit_.digest_of(last.seq));
    // Cheap, and daily: nobody has to think of verifying to hear of a log that was replaced or cut.
    if (digest != last.digest)
      log_.error("audit.chain_differs", {{"seq", last.seq},
                                         {"anchored_on", last.date},
                                         {"hint",
                                          "the audit log is not the one that was anchored; run "
                                          "'slipway audit verify'"}});
  }
  SLIPWAY_ASSIGN(governance::AuditAnchor newest, audit_.head());
  if (newest.seq == 0) return {};
  newest.date = date;
  return governance::append_anchor(file_, newest);
}

}  // namespace slipway::app
