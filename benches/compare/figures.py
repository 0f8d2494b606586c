"""Medians, quartiles, and ratios slice by slice, with how sure they are."""

import math
import statistics


def quartiles(values):
    """Low, median, high."""
    if len(values) < 2:
        return tuple(values) * 3
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def interval(values):
    """Where the true median lies, at 95%: the binomial law says which of the sorted values are its limits."""
    ordered, n = sorted(values), len(values)
    tail, k = 0.0, 0
    while k < n // 2:
        tail += math.comb(n, k) / 2**n
        if tail > 0.025:
            break
        k += 1
    k = max(k - 1, 0)
    return ordered[k], ordered[n - 1 - k]


class Figures:
    """The slices of all rounds: key of a row -> one report a round."""

    def __init__(self, slices):
        self.slices = slices

    def has(self, *keys):
        return all(self.slices.get(key) for key in keys)

    def values(self, key, figure="cpu"):
        """CPU time a request in microseconds, or the 99th percentile of the good requests, of each round."""
        if figure == "p99":
            return [report["good"]["p99_us"] for report in self.slices[key]]
        return [report["cpu_ns"] / 1000 / report["completed"] for report in self.slices[key]]

    def rate(self, key):
        return statistics.median(report["completed"] / report["wall_ns"] * 1e9 for report in self.slices[key])

    def busy(self, key):
        """Which share of its core the gateway used: far under one, and it has slept and woken at its own cost."""
        return statistics.median(report["cpu_ns"] / report["wall_ns"] for report in self.slices[key])

    def p99(self, key):
        """Of the good requests in microseconds, of all when there is no good one."""
        kinds = (report["good"] if report["good"]["count"] else report["bad"] for report in self.slices[key])
        return statistics.median(kind["p99_us"] for kind in kinds)

    def ratios(self, over, under, figure="cpu"):
        return [mine / other for mine, other in zip(self.values(over, figure), self.values(under, figure))]

    def differences(self, more, less):
        """In microseconds of CPU time a request."""
        return [mine - other for mine, other in zip(self.values(more), self.values(less))]

    def spread(self, values):
        low, middle, high = quartiles(values)
        return (high - low) / middle
