#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stores a project's assets once its change is merged. Used by the GitHub Action and the GitLab template. Environment:
# SLIPWAY_URL, SLIPWAY_TOKEN, SLIPWAY_PROJECT (folder), SLIPWAY_PROGRAM, SLIPWAY_MESSAGE. Exit code: that of `slipway push`.
set -uo pipefail
# A commit's first line; the server keeps 2,000 bytes.
message=${SLIPWAY_MESSAGE:-}
message=${message%%$'\n'*}
exec "${SLIPWAY_PROGRAM:-slipway}" push "${SLIPWAY_PROJECT:-.}" --message "${message:0:400}"
