#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Plans a project and, on a pull or merge request, puts the plan there as one comment. Used by the GitHub Action and the
# GitLab template. Environment: SLIPWAY_URL, SLIPWAY_TOKEN, SLIPWAY_PROJECT (folder), SLIPWAY_PROGRAM; see comment.py.
# Exit code: that of `slipway plan` (0 fine, 1 conflicts, 2 problems in the files, 3 server out of reach).
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=${SLIPWAY_PROGRAM:-slipway}
folder=${SLIPWAY_PROJECT:-.}
plan=$(mktemp)
trap 'rm -f "$plan"' EXIT

"$program" plan "$folder" --format markdown >"$plan"
code=$?
# Without a project or a server there is no plan to show; why was told on standard error.
[ -s "$plan" ] || exit "$code"
cat "$plan"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$plan" >>"$GITHUB_STEP_SUMMARY"; fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  if grep -q '^\*\*Nothing would change' "$plan"; then echo "changes=false"; else echo "changes=true"; fi >>"$GITHUB_OUTPUT"
fi
if [ "${GITHUB_EVENT_NAME:-}" = pull_request ] || [ -n "${CI_MERGE_REQUEST_IID:-}" ]; then
  "$here/comment.py" "$plan" || { said=$?; [ "$code" != 0 ] || code=$said; }
fi
exit "$code"
