#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Once a change is stored: cuts a release, holds the gate, and puts the verdict as one comment on the request that brought the
# change. Used by the GitHub Action and the GitLab template. Environment: SLIPWAY_URL, SLIPWAY_TOKEN, SLIPWAY_USE_CASE,
# SLIPWAY_GATE (environment), SLIPWAY_PROGRAM, SLIPWAY_MESSAGE, SLIPWAY_REPORTS (folder for the reports); see comment.py.
# Exit code: that of `slipway gate` (0 pass, 1 fail, 3 inconclusive or error, 2 wrong use).
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=${SLIPWAY_PROGRAM:-slipway}
use_case=${SLIPWAY_USE_CASE:?names the use case}
reports=${SLIPWAY_REPORTS:-.}
message=${SLIPWAY_MESSAGE:-}
message=${message%%$'\n'*}

mkdir -p "$reports" || exit 2
"$program" release cut "$use_case" --message "${message:0:400}" || exit 2
rm -f "$reports"/slipway-gate.{md,xml}
"$program" gate "$use_case" --env "${SLIPWAY_GATE:?names the environment}" --markdown "$reports/slipway-gate.md" \
  --junit "$reports/slipway-gate.xml" --html "$reports/slipway-gate.html"
code=$?
# Without a verdict there is nothing to show; why was told on standard error.
[ -s "$reports/slipway-gate.md" ] || exit "$code"
comment=$(mktemp)
trap 'rm -f "$comment"' EXIT
{ echo "<!-- slipway gate: $use_case $SLIPWAY_GATE -->"; cat "$reports/slipway-gate.md"; } >"$comment"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$comment" >>"$GITHUB_STEP_SUMMARY"; fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  verdicts=(pass fail wrong-use undecided)
  echo "verdict=${verdicts[$code]:-undecided}" >>"$GITHUB_OUTPUT"
fi
"$here/comment.py" --if-any "$comment" || { said=$?; [ "$code" != 0 ] || code=$said; }
exit "$code"
