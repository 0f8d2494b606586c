"""Sums up the slices of run.sh: SLICES_FILE TICKS_PER_SECOND."""

import statistics
import sys


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return low, middle, high


def main():
    path, ticks = sys.argv[1], int(sys.argv[2])
    slices, failed, total = {}, 0, 0
    with open(path, encoding="ascii") as lines:
        for line in lines:
            name, *numbers = line.split()
            cpu, requests, duration, errors, p99 = map(int, numbers)
            failed += errors
            total += requests
            slices.setdefault(name, []).append((cpu / ticks * 1e6 / requests, requests / duration * 1e6, p99 / 1000))

    print(f"{'':8} {'CPU us/request (quartiles)':>30} {'to bare':>8} {'requests/s':>11} {'p99 ms':>8}")
    for name, rows in slices.items():
        low, middle, high = quartiles([row[0] for row in rows])
        paired = statistics.median(mine[0] / bare[0] for mine, bare in zip(rows, slices["bare"]))
        rate = statistics.median(row[1] for row in rows)
        p99 = statistics.median(row[2] for row in rows)
        print(f"{name:8} {middle:12.1f} ({low:6.1f} to {high:6.1f}) {paired:8.2f} {rate:11,.0f} {p99:8.2f}")
    print(f"{total:,} answers in {sum(map(len, slices.values()))} slices, {failed} of them not a 200")
    return 1 if failed else 0


sys.exit(main())
