// SPDX-License-Identifier: Apache-2.0
// What the catalogue asks of governance.
#pragma once

#include "catalog/asset_store.h"
#include "governance/audit.h"

namespace slipway::governance {

// Audit entries for changes of assets, and use cases as owners.
catalog::AssetPorts asset_ports();

inline catalog::Author author_of(const Actor& actor) { return {actor.id, actor.name, actor.kind}; }

}  // namespace slipway::governance
