// SPDX-License-Identifier: Apache-2.0
// Release notes: what changes, what it was measured by, what is known not to work, and what a responsible
// person has to know of the use case. Pure functions; any thread. The JSON is the notes; Markdown and HTML
// are written from it.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "governance/releases.h"
#include "governance/use_cases.h"

namespace slipway::governance {

// What one release is compared with.
struct NotesBase {
  std::vector<std::string> environments;  // where it runs; empty: it is just the release before
  std::int64_t number = 0;                // 0: nothing
  std::vector<catalog::AssetVersion> assets;
};

// {"against", "environments", "added": [], "removed": [], "changed": [{asset, from, to, changes: []}]}
json::object compare_releases(const NotesBase& base, const std::vector<catalog::AssetVersion>& assets);

struct NotesInput {
  const UseCase& use_case;
  const ReleaseManifest& release;  // number 0: not cut yet
  const std::vector<catalog::AssetVersion>& assets;
  const std::vector<NotesBase>& bases;
};
json::object make_notes(const NotesInput& input);

// The notes with the evidence and approvals of today.
json::object with_decisions(json::object notes, json::array evidence, json::array approvals);

std::string notes_markdown(const json::object& notes);
// One section of changes alone.
std::string changes_markdown(const json::object& comparison);
// A page of its own: no scripts, nothing loaded from elsewhere, every text escaped.
std::string notes_html(const json::object& notes);

}  // namespace slipway::governance
