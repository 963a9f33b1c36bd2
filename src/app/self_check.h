// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace slipway::app {

// Starts a server on a temporary directory and a free port, sends it a plain and a streamed call over HTTP,
// shows the two records, and stops. 0 if all went well, else 1 with the reason on standard error.
int self_check(bool as_json);

}  // namespace slipway::app
