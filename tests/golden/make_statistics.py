#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes tests/golden/statistics/statistics.json: what numpy and scipy compute. See README.md beside this file."""
import json
import os

import numpy
import scipy
from scipy import stats

HERE = os.path.dirname(os.path.abspath(__file__))
QUANTILES = (0, 0.05, 0.25, 1 / 3, 0.5, 0.75, 0.95, 1)
RESAMPLES, SEED, LEVEL = 500, 42, 0.9
STATISTICS = {
    "mean": numpy.mean,
    "median": numpy.median,
    "mad": stats.median_abs_deviation,
    "interquartile_mean": lambda x: stats.trim_mean(x, 0.25),
}


class Words:
    """The 32-bit words of mt19937, seeded by init_genrand."""

    def __init__(self, seed):
        self.bits = numpy.random.MT19937()
        self.bits._legacy_seeding(seed)

    def draw(self, x):
        """As many values as x has, with replacement."""
        words = self.bits.random_raw(len(x))
        return numpy.sort(x)[(words * numpy.uint64(len(x))) >> numpy.uint64(32)]


def interval(values):
    return [float(v) for v in numpy.quantile(values, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))]


def bootstrap(x, statistic):
    words = Words(SEED)
    values = numpy.array([statistic(words.draw(x)) for _ in range(RESAMPLES)])
    agrees_with_scipy(x, statistic, values)
    return interval(values)


def agrees_with_scipy(x, statistic, values):
    """scipy draws other samples: its ends must be the same quantiles, within five standard errors of both."""
    if len(x) == 1 or len(set(x)) == 1:
        return
    theirs = stats.bootstrap((x,), statistic, vectorized=False, n_resamples=RESAMPLES, confidence_level=LEVEL,
                             method="percentile", random_state=1).confidence_interval
    for end, share in zip(theirs, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)):
        margin = 5 * (2 * share * (1 - share) / RESAMPLES) ** 0.5 + 1 / RESAMPLES
        assert numpy.mean(values < end) <= share + margin and numpy.mean(values <= end) >= share - margin, (x, end)


def bootstrap_ratio(a, b):
    words = Words(SEED)
    values = []
    for _ in range(RESAMPLES):
        below = numpy.median(words.draw(a))
        values.append(numpy.median(words.draw(b)) / below)
    return interval(values)


def one(x):
    case = {name: float(statistic(x)) for name, statistic in STATISTICS.items()}
    case["x"] = [float(v) for v in x]
    case["quantiles"] = [float(v) for v in numpy.quantile(x, QUANTILES)]
    case["mad_scaled"] = float(stats.median_abs_deviation(x, scale="normal"))
    case["geometric_mean"] = float(stats.gmean(x)) if min(x) > 0 else None
    case["intervals"] = {name: bootstrap(x, statistic) for name, statistic in STATISTICS.items()}
    return case


def two(a, b):
    ties = len(set(a) | set(b)) < len(a) + len(b)
    method = "asymptotic" if ties or max(len(a), len(b)) >= 50 else "exact"
    test = stats.mannwhitneyu(b, a, alternative="two-sided", method=method)
    case = {"a": [float(v) for v in a], "b": [float(v) for v in b], "u": float(test.statistic), "p": float(test.pvalue)}
    case["ratio"] = bootstrap_ratio(a, b) if min(*a, *b) > 0 else None
    if len(a) == len(b):
        case["differences"] = {"median": float(numpy.median(b - a)), "interval": bootstrap(b - a, numpy.median)}
    return case


def holm(p):
    """Holm 1979: each hypothesis against what is left when those with smaller p are rejected."""
    return [max(min(1.0, sum(other >= q for other in p) * q) for q in p if q <= mine) for mine in p]


def main():
    random = numpy.random.RandomState(1)
    times = lambda n, scale=1.0: scale * numpy.exp(0.05 * random.standard_normal(n))
    singles = [random.standard_normal(n) for n in (1, 2, 3, 4, 5, 7, 8, 30)]
    singles += [times(n, 1e-6) for n in (1, 6, 9, 25)]
    singles += [numpy.full(6, 0.1), numpy.array([3.0, 1, 1, 2, 3, 3, 1, 8]), numpy.array([1e9, 1, -1e9, 1e-9, 0])]
    pairs = [(times(n), times(m, scale)) for n, m, scale in
             ((1, 1, 2), (2, 3, 1.1), (5, 5, 1), (5, 5, 1.5), (8, 9, 1.02), (12, 20, 0.98), (30, 30, 1.1),
              (49, 49, 1.01), (50, 20, 1.01), (60, 60, 1))]
    pairs += [(numpy.round(times(n), 2), numpy.round(times(m, scale), 2)) for n, m, scale in
              ((5, 5, 1), (10, 12, 1.05), (40, 40, 1.01))]
    pairs += [(numpy.ones(6), numpy.ones(5)), (numpy.ones(4), 2 * numpy.ones(4)),
              (random.standard_normal(9), random.standard_normal(9))]
    p = [[0.04], [0.01, 0.04, 0.03, 0.005], list(random.uniform(0, 0.1, 12)), [0.5, 0.6, 0.7]]
    golden = {
        "environment": {"numpy": numpy.__version__, "scipy": scipy.__version__},
        "probabilities": QUANTILES, "resamples": RESAMPLES, "seed": SEED, "level": LEVEL,
        "one": [one(x) for x in singles],
        "two": [two(a, b) for a, b in pairs],
        "holm": [{"p": [float(v) for v in q], "adjusted": [float(v) for v in holm(q)]} for q in p],
    }
    folder = os.path.join(HERE, "statistics")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "statistics.json"), "w", encoding="ascii") as file:
        json.dump(golden, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
