// SPDX-License-Identifier: Apache-2.0
// Boost.Math's distributions under the names that this folder uses, so that its headers are read by one file
// only. Arguments outside of a distribution's domain give NaN: callers check before. Any thread.
#pragma once

#include <cstdint>
#include <functional>

namespace slipway::evaluation {

double normal_cdf(double z);
double normal_sf(double z);  // 1 - cdf, exact far out
double normal_quantile(double p);

double student_sf(double t, double degrees);
double student_quantile(double p, double degrees);
double noncentral_student_cdf(double t, double degrees, double noncentrality);
double noncentral_student_sf(double t, double degrees, double noncentrality);

double chi_squared_sf(double x, double degrees);
double binomial_cdf(double k, double n, double p);  // P(X <= k)
double beta_quantile(double p, double a, double b);

// Where `f`, which has opposite signs at `low` and `high`, is zero (TOMS 748).
double find_root(const std::function<double(double)>& f, double low, double high);

}  // namespace slipway::evaluation
