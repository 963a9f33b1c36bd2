// SPDX-License-Identifier: Apache-2.0
// What the template language says of a template, for the catalogue, which knows none.
#pragma once

#include "catalog/kinds.h"

namespace slipway::app {

catalog::TemplateReport inspect_template(std::string_view text);

}  // namespace slipway::app
