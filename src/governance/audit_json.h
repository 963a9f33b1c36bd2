// SPDX-License-Identifier: Apache-2.0
// Audit entries and reports as the API, the exports and the command line show them.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "governance/audit_log.h"

namespace slipway::governance {

// AuditEntry of api/openapi.yaml. `detail` is what was hashed, byte for byte, if it is still JSON;
// `exact_time` adds `at_us`, so that a reader of an export can recompute the digest.
void append_audit_json(std::string& out, const AuditEntry& entry, bool exact_time);

inline constexpr std::string_view kAuditCsvHeader =
    "seq,at,actor_id,actor_name,actor_kind,action,object_type,object,use_case,environment,detail,previous,"
    "digest\r\n";
void append_audit_csv(std::string& out, const AuditEntry& entry);

// AuditVerification of api/openapi.yaml; `file` is where the anchors came from.
json::object audit_report_json(const AuditReport& report, std::string_view file);

}  // namespace slipway::governance
