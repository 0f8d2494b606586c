"""The page: tables in Markdown."""

from figures import interval, quartiles
from rows import TARGETS

# Between the quartiles, over the median.
NOISY = 0.15
# A gateway under this load fills its core. With less than that, somebody else was there.
CROWDED = 0.85


def span(values, digits=2):
    low, middle, high = quartiles(values)
    return f"**{middle:.{digits}f}** ({low:.{digits}f} to {high:.{digits}f})"


def verdict(values, target):
    """Met or missed, and whether the run can tell."""
    _, middle, _ = quartiles(values)
    low, high = interval(values)
    said = "met" if middle <= target.most else f"missed by {middle / target.most - 1:.0%}"
    if target.stretch and middle <= target.stretch:
        said = "met, stretch too"
    return f"{said}, not certain" if low <= target.most < high else said


def targets(figures):
    lines = ["| ratio of CPU time a request | target | measured (quartiles) | |", "|---|---|---|---|"]
    for target in TARGETS:
        most = f"≤ {target.most:.2f}" + (f"; stretch {target.stretch:.2f}" if target.stretch else "")
        if not figures.has(target.over, target.under):
            lines.append(f"| {target.label} | {most} | not measured | |")
            continue
        values = figures.ratios(target.over, target.under, target.figure)
        lines.append(f"| {target.label} | {most} | {span(values)} | {verdict(values, target)} |")
    return lines


def table(rows, figures):
    lines = [
        "| | CPU µs a request (quartiles) | to bare, paired (quartiles) | requests a second | p99 ms | core used |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        values = figures.values(row.key)
        ratio = span(figures.ratios(row.key, row.base)) if figures.has(row.base) else ""
        lines.append(f"| {row.label} | {span(values, 1)} | {ratio} | {figures.rate(row.key):,.0f} | "
                     f"{figures.p99(row.key) / 1000:.2f} | {figures.busy(row.key):.0%} |")
    return lines


def noise(rows, figures):
    """What this run cannot conclude."""
    lines = []
    for row in rows:
        if figures.busy(row.key) < CROWDED:
            lines.append(f"- {row.label}: it had only {figures.busy(row.key):.0%} of its core (bound {CROWDED:.0%}).")
        if row.key == row.base:
            spread, what = figures.spread(figures.values(row.key)), "its own CPU time a request"
            # The neighbours' moods; the pairs take them out.
            bound = 2 * NOISY
        elif figures.has(row.base):
            spread, what, bound = figures.spread(figures.ratios(row.key, row.base)), "its ratio", NOISY
        else:
            continue
        if spread > bound:
            lines.append(f"- {row.label}: the quartiles of {what} lie {spread:.0%} of the median apart (bound {bound:.0%}).")
    if lines:
        return ["The machine was too noisy to conclude on these rows; run again on a quieter one:", "", *lines]
    return [f"No row was too noisy to conclude (bounds: quartiles of a ratio {NOISY:.0%} of the median apart, and "
            f"{CROWDED:.0%} of the core had)."]


def builds(rows, figures):
    """The first build of Portcullis over each further one, pair by pair."""
    pairs = [(row, *row.key.split("@")) for row in rows if "@" in row.key]
    pairs = [(row, first, label) for row, first, label in pairs if figures.has(first)]
    if not pairs:
        return []
    lines = ["### Builds", "", "| | over | CPU time a request, paired (quartiles) |", "|---|---|---|"]
    for row, first, label in pairs:
        lines.append(f"| {first} | {label} | {span(figures.ratios(first, row.key), 3)} |")
    return [*lines, ""]


def memory_table(memory):
    lines = ["| resident at the end, after all that load | MiB |", "|---|---|"]
    return lines + [f"| {name} | {mebibytes:.1f} |" for name, mebibytes in memory.items()]


def page(rows, figures, facts, struck, process, memory):
    """The whole of it."""
    rows = [row for row in rows if figures.has(row.key)]
    lines = ["<!-- Written by `make compare`. -->", "", facts, "", *targets(figures), ""]
    if process:
        lines += [*process, ""]
    groups = dict.fromkeys(row.group for row in rows)
    titles = {"h1-small": "HTTP/1.1, answers of 100 bytes", "h1-large": "HTTP/1.1, answers of 100 KB",
              "h2-small": "HTTP/2 over TLS, answers of 100 bytes"}
    for group in groups:
        lines += [f"### {titles[group]}", "", *table([row for row in rows if row.group == group], figures), ""]
    lines += builds(rows, figures)
    lines += [*memory_table(memory), ""]
    lines += noise(rows, figures)
    lines += ["", "Left out or struck out for a wrong answer:" if struck else "Nothing was left out, and nothing answered wrong."]
    lines += ["", *(f"- {name}: {why}" for name, why in struck)] if struck else []
    return "\n".join(lines) + "\n"
