// SPDX-License-Identifier: Apache-2.0
// Several tests at once: p-values adjusted so that each may be compared with alpha. In the order given.
// kInvalidArgument for a p-value outside of 0…1. Pure functions; any thread.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace slipway::evaluation {

// Holm (1979): the chance of even one false alarm among all tests stays below alpha, however they depend on
// each other. For verdicts.
Result<std::vector<double>> holm(std::span<const double> p_values);

// Benjamini and Hochberg (1995): of the alarms, at most the share alpha is false on average, for tests that
// are independent or positively dependent. For looking through many slices.
Result<std::vector<double>> benjamini_hochberg(std::span<const double> p_values);

}  // namespace slipway::evaluation
