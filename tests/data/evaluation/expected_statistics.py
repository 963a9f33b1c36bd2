# SPDX-License-Identifier: Apache-2.0
"""Expected values of src/evaluation/statistics, from SciPy, statsmodels and krippendorff."""

import warnings

import krippendorff
import numpy as np
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower, normal_power_het
from statsmodels.stats.proportion import proportion_confint

warnings.simplefilter("ignore")
TAILS = ("two-sided", "greater", "less")


def short(values):
    return np.round(np.asarray(values, dtype=float), 4)


def samples(random):
    """Scores of many shapes and sizes."""
    yield short([0.5, 0.5, 0.75])
    yield short([1e12, 1e12 + 1, 1e12 + 4])
    yield short([-1e-4, 3e-4, 2e-4, 0])
    for n in (2, 3, 10, 31, 100):
        yield short(random.normal(0.3, 0.2, n))
        yield short(random.beta(5, 1, n))
        yield short(random.lognormal(0, 1, n))
        yield short(random.integers(0, 2, n)) if n > 3 else short([0.25, 1, 0.5][:n])
        yield short(random.integers(1, 6, n)) + (0.5 if n == 2 else 0) * np.arange(n)


def describe(random):
    for values in samples(random):
        if np.ptp(values) == 0:
            continue
        n = len(values)
        low, high = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
        shares = [0, 0.1, 0.25, 0.5, 0.77, 0.95, 1]
        counts, _ = np.histogram(values, bins=7, range=(values.min(), values.max()))
        yield {"values": values, "mean": values.mean(), "variance": values.var(ddof=1), "skewness": stats.skew(values),
               "shares": shares, "quantiles": np.quantile(values, shares), "counts": counts, "t": [low, high]}


def wilson(random):
    sizes = [1, 2, 5, 30, 100, 997, 1_000_000]
    for n in sizes:
        for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
            for confidence in (0.9, 0.95, 0.999):
                low, high = proportion_confint(k, n, 1 - confidence, "wilson")
                yield {"k": k, "n": n, "confidence": confidence, "interval": [low, high]}


def few(random):
    for n in (1, 2, 10, 100, 10_000):
        for k in range(min(n, 5)):
            yield {"k": k, "n": n, "limit": stats.beta.ppf(0.95, k + 1, n - k)}


def bca(random):
    for i in range(12):
        values = short(random.lognormal(0, 0.8, 12 + 7 * i) if i % 2 else random.beta(4, 1, 12 + 7 * i))
        result = stats.bootstrap((values,), np.mean, n_resamples=199, confidence_level=0.9, method="BCa", rng=i)
        interval = result.confidence_interval
        yield {"values": values, "distribution": np.sort(result.bootstrap_distribution),
               "interval": [interval.low, interval.high]}


def clustered(random):
    for clusters, size in ((2, 3), (5, 4), (30, 1), (12, 6), (40, 3)):
        sizes = 1 + random.poisson(size - 1, clusters) if size > 1 else np.ones(clusters, int)
        groups = np.repeat(np.arange(clusters), sizes)
        values = short(0.5 + random.normal(0, 0.2, clusters)[groups] + random.normal(0, 0.1, len(groups)))
        order = random.permutation(len(values))
        values, groups = values[order], groups[order]
        fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
        low, high = fit.conf_int(0.05)[0]
        yield {"values": values, "clusters": groups, "error": fit.bse[0], "interval": [low, high],
               "t": fit.tvalues[0], "p": fit.pvalues[0]}


def differences(random):
    for n in (2, 3, 7, 12, 16, 25, 50, 51, 120):
        yield short(random.normal(0.1, 1, n)) + 1e-3 * np.arange(n)          # no ties
        yield short(random.integers(-2, 4, n)) + np.eye(1, n)[0]             # ties and zeros
        yield np.round(random.normal(-0.2, 0.4, n), 1) + 0.1 * np.eye(1, n)[0]


def paired(random):
    for values in differences(random):
        if np.ptp(values) == 0:
            continue
        case = {"values": values, "t": [], "wilcoxon": [], "permutation": []}
        nonzero = values[values != 0]
        if len(nonzero) == 0:
            continue
        exact = len(nonzero) == len(values) and len(np.unique(np.abs(values))) == len(values) and len(values) <= 50
        for tail in TAILS:
            case["t"].append(stats.ttest_1samp(values, 0, alternative=tail).pvalue)
            case["wilcoxon"].append(stats.wilcoxon(values, zero_method="wilcox", correction=not exact,
                                                   alternative=tail, method="exact" if exact else "asymptotic").pvalue)
            if 2 <= len(nonzero) <= 12:
                case["permutation"].append(stats.permutation_test(
                    (nonzero,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=tail).pvalue)
        case["statistic"] = stats.ttest_1samp(values, 0).statistic
        # The one-sided limit of the difference and the test against a margin.
        case["margin"] = 0.25
        case["lowest"] = values.mean() - stats.t.ppf(0.95, len(values) - 1) * stats.sem(values)
        case["non_inferior"] = stats.ttest_1samp(values, -0.25, alternative="greater").pvalue
        yield case


def mcnemars(random):
    for gained, lost in ((0, 1), (1, 0), (3, 3), (5, 0), (7, 2), (12, 30), (40, 41), (100, 160), (0, 20)):
        table = [[50, lost], [gained, 20]]
        yield {"gained": gained, "lost": lost, "exact": mcnemar(table, exact=True).pvalue,
               "chi_squared": mcnemar(table, exact=False, correction=True).pvalue,
               "statistic": mcnemar(table, exact=False, correction=True).statistic,
               "greater": stats.binomtest(gained, gained + lost, 0.5, alternative="greater").pvalue,
               "less": stats.binomtest(gained, gained + lost, 0.5, alternative="less").pvalue}


def multiplicity(random):
    for p in ([0.04], [0.01, 0.01, 0.01], [0, 0.5, 1], *(np.round(random.beta(0.5, 2, n), 5) for n in (2, 5, 9, 40))):
        yield {"p": p, "holm": multipletests(p, method="holm")[1], "bh": multipletests(p, method="fdr_bh")[1]}


def power(random):
    test = TTestPower()
    for n in (5, 20, 50, 200, 1000):
        for effect in (0.05, 0.2, 0.5):
            for alpha in (0.01, 0.05):
                case = {"n": n, "effect": effect, "alpha": alpha,
                        "two_sided": test.power(effect, n, alpha, alternative="two-sided"),
                        "greater": test.power(effect, n, alpha, alternative="larger"),
                        "less": test.power(-effect, n, alpha, alternative="smaller")}
                if all(np.isfinite(v) for v in case.values()):  # SciPy's far tail of the noncentral t is NaN at times
                    yield case


def solve(random):
    test = TTestPower()
    for n in (8, 50, 400):
        for power_ in (0.5, 0.8, 0.95):
            # statsmodels' own solver stops at five digits.
            exact = [optimize.brentq(lambda d: test.power(d, n, 0.05, alternative=tail) - power_, 0.5 / n ** 0.5, 5.2 / n ** 0.5, xtol=1e-14)
                     for tail in ("two-sided", "larger")]
            yield {"n": n, "power": power_, "effect": exact[0], "greater": exact[1]}


def cases(random):
    test = TTestPower()
    for effect in (0.05, 0.1, 0.3, 0.8):
        yield {"effect": effect, "n": int(np.ceil(test.solve_power(effect, None, 0.05, 0.8, "two-sided") - 1e-9))}


def shares(random):
    for share, threshold in ((0.9, 0.85), (0.95, 0.9), (0.6, 0.5), (0.99, 0.97)):
        for n in (30, 100, 500):
            spread = dict(std_null=np.sqrt(threshold * (1 - threshold)), std_alternative=np.sqrt(share * (1 - share)))
            yield {"share": share, "threshold": threshold, "n": n,
                   "greater": normal_power_het(share - threshold, n, 0.05, alternative="larger", **spread)}


def kappa(random):
    for labels, n in ((2, 10), (2, 200), (3, 50), (5, 80)):
        for noise in (0.1, 0.5):
            first = random.integers(0, labels, n)
            second = np.where(random.random(n) < noise, random.integers(0, labels, n), first)
            first[:labels] = second[:labels] = np.arange(labels)
            first[labels] = 0
            second[labels] = 1
            table = np.zeros((labels, labels))
            np.add.at(table, (first, second), 1)
            case = {"first": first, "second": second}
            for name, weights in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
                result = cohens_kappa(table, wt=weights)
                case[name] = [result.kappa, result.std_kappa]
            yield case


def alpha(random):
    for judges, units, labels, missing in ((2, 10, 2, 0), (3, 12, 5, 0.3), (4, 40, 5, 0.5), (5, 30, 3, 0.1)):
        truth = random.integers(0, labels, units)
        data = np.array([[float(np.clip(t + random.integers(-1, 2), 0, labels - 1)) for t in truth] for _ in range(judges)])
        data[random.random(data.shape) < missing] = np.nan
        case = {"ratings": [[None if np.isnan(v) else v for v in row] for row in data]}
        for scale in ("nominal", "ordinal", "interval"):
            case[scale] = krippendorff.alpha(reliability_data=data, level_of_measurement=scale)
        yield case


def powered(random):
    """Angelopoulos et al. 2023 and PPI++ with NumPy; no package of these is light enough to depend on."""
    for n, m, noise in ((20, 200, 0.1), (50, 1000, 0.3), (100, 120, 1.0)):
        truth = random.normal(0.6, 0.2, n + m)
        judged = short(truth + random.normal(0.05, noise, n + m))
        labels = short(truth[:n])
        f, g = judged[:n], judged[n:]
        everyone = np.concatenate([f, g])
        tuned = np.cov(labels, f)[0, 1] / ((1 + n / m) * everyone.var(ddof=1))
        case = {"labels": labels, "judged": f, "unlabelled": g}
        for name, weight in (("plain", 1.0), ("tuned", float(np.clip(tuned, 0, 1)))):
            rest = labels - weight * f
            case[name] = [weight, weight * g.mean() + rest.mean(),
                          np.sqrt(weight ** 2 * g.var(ddof=1) / m + rest.var(ddof=1) / n)]
        yield case


def make():
    parts = (describe, wilson, few, bca, clustered, paired, mcnemars, multiplicity, power, solve, cases, shares, kappa,
             alpha, powered)
    return {part.__name__: list(part(np.random.default_rng(20_261_125 + i))) for i, part in enumerate(parts)}
