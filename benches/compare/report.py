"""The page: tables in Markdown."""

from figures import interval, quartiles
from rows import NEW_TOKENS, TARGETS, most_for_new

# Between the quartiles, over the median.
NOISY = 0.15
# A gateway under this load fills its core. With less than that, somebody else was there; beside our own neighbour it is less.
CROWDED, CROWDED_ON_PURPOSE = 0.85, 0.5
# A step through the core's own cache takes so many times its best where the cache is shared.
SHARED = 1.25


def is_shared(walks, neighbour):
    """Whether others are in the core's own caches, by what a walk through them took before and after all slices."""
    return neighbour or max(walk["middle"] for walk in walks) > SHARED * min(walk["low"] for walk in walks)


def host(walks, neighbour):
    """Which kind of host this is."""
    best = min(walk["low"] for walk in walks)
    usual = max(walk["middle"] for walk in walks)
    kind = "**Shared caches**" if is_shared(walks, neighbour) else "**Quiet cores**"
    cause = ", by a neighbour of our own on the gateway's core" if neighbour else ""
    return f"{kind}{cause}: a step through half a mebibyte takes {usual:.1f} ns, at its best {best:.1f}."


def span(values, digits=2):
    low, middle, high = quartiles(values)
    return f"**{middle:.{digits}f}** ({low:.{digits}f} to {high:.{digits}f})"


def verdict(values, most):
    """Met or missed, and whether the run can tell."""
    _, middle, _ = quartiles(values)
    low, high = interval(values)
    said = "met" if middle <= most else f"missed by {middle / most - 1:.0%}"
    return f"{said}, not certain" if low <= most < high else said


def targets(figures, signatures, shared):
    lines = ["| ratio of CPU time a request | target | measured (quartiles) | |", "|---|---|---|---|"]
    for target in TARGETS:
        most = target.shared if shared else target.quiet
        said = f"≤ {most:.2f}"
        if not figures.has(target.over, target.under):
            lines.append(f"| {target.label} | {said} | not measured | |")
            continue
        values = figures.ratios(target.over, target.under, target.figure)
        lines.append(f"| {target.label} | {said} | {span(values)} | {verdict(values, most)} |")
    lines += ["", "| CPU time a request beyond that of bare Pingora | target | measured (quartiles) | |", "|---|---|---|---|"]
    for key, algorithm in NEW_TOKENS:
        most = most_for_new(signatures[algorithm])
        said = f"1.05 × the signature ({signatures[algorithm]:.1f} µs) + 2 µs = {most:.1f} µs"
        if figures.has(key, "h1-small/bare"):
            values = figures.differences(key, "h1-small/bare")
            lines.append(f"| every token new, {algorithm.upper()} | ≤ {said} | {span(values, 1)} µs | {verdict(values, most)} |")
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


def noise(rows, figures, neighbour):
    """What this run cannot conclude."""
    lines, crowded = [], CROWDED_ON_PURPOSE if neighbour else CROWDED
    for row in rows:
        if figures.busy(row.key) < crowded:
            lines.append(f"- {row.label}: it had only {figures.busy(row.key):.0%} of its core (bound {crowded:.0%}).")
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
            f"{crowded:.0%} of the core had)."]


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


def page(rows, figures, facts, struck, process, memory, signatures, shared, neighbour):
    """The whole of it."""
    rows = [row for row in rows if figures.has(row.key)]
    lines = ["<!-- Written by `make compare`. -->", "", facts, "", *targets(figures, signatures, shared), ""]
    if process:
        lines += [*process, ""]
    groups = dict.fromkeys(row.group for row in rows)
    titles = {"h1-small": "HTTP/1.1, answers of 100 bytes", "h1-large": "HTTP/1.1, answers of 100 KB",
              "h2-small": "HTTP/2 over TLS, answers of 100 bytes"}
    for group in groups:
        lines += [f"### {titles[group]}", "", *table([row for row in rows if row.group == group], figures), ""]
    lines += builds(rows, figures)
    lines += [*memory_table(memory), ""]
    lines += noise(rows, figures, neighbour)
    lines += ["", "Left out or struck out for a wrong answer:" if struck else "Nothing was left out, and nothing answered wrong."]
    lines += ["", *(f"- {name}: {why}" for name, why in struck)] if struck else []
    return "\n".join(lines) + "\n"
