// SPDX-License-Identifier: Apache-2.0
#include "evaluation/statistics/distributions.h"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/tools/toms748_solve.hpp>

namespace slipway::evaluation {

namespace {

namespace bm = boost::math;
namespace bp = boost::math::policies;
using Quiet = bp::policy<bp::domain_error<bp::ignore_error>, bp::pole_error<bp::ignore_error>,
                         bp::overflow_error<bp::ignore_error>, bp::underflow_error<bp::ignore_error>,
                         bp::evaluation_error<bp::ignore_error>>;
using Normal = bm::normal_distribution<double, Quiet>;
using Student = bm::students_t_distribution<double, Quiet>;
using NoncentralStudent = bm::non_central_t_distribution<double, Quiet>;
using Binomial = bm::binomial_distribution<double, Quiet>;
using ChiSquared = bm::chi_squared_distribution<double, Quiet>;
using Beta = bm::beta_distribution<double, Quiet>;

}  // namespace

double normal_cdf(double z) { return bm::cdf(Normal(), z); }
double normal_sf(double z) { return bm::cdf(bm::complement(Normal(), z)); }
double normal_quantile(double p) { return bm::quantile(Normal(), p); }

double student_sf(double t, double degrees) { return bm::cdf(bm::complement(Student(degrees), t)); }
double student_quantile(double p, double degrees) { return bm::quantile(Student(degrees), p); }
double noncentral_student_cdf(double t, double degrees, double noncentrality) {
  return bm::cdf(NoncentralStudent(degrees, noncentrality), t);
}
double noncentral_student_sf(double t, double degrees, double noncentrality) {
  return bm::cdf(bm::complement(NoncentralStudent(degrees, noncentrality), t));
}

double chi_squared_sf(double x, double degrees) { return bm::cdf(bm::complement(ChiSquared(degrees), x)); }
double binomial_cdf(double k, double n, double p) { return bm::cdf(Binomial(n, p), k); }
double beta_quantile(double p, double a, double b) { return bm::quantile(Beta(a, b), p); }

double find_root(const std::function<double(double)>& f, double low, double high) {
  std::uintmax_t steps = 200;
  const auto [a, b] = bm::tools::toms748_solve(f, low, high, bm::tools::eps_tolerance<double>(50), steps);
  return a + (b - a) / 2;
}

}  // namespace slipway::evaluation
