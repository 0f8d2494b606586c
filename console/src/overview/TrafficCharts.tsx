// Decisions by reason, and how long they took, over the last minutes.
import type { Traffic } from "../api/schemas";
import { Chart } from "../parts/Chart";
import type { Series } from "../parts/series";
import { millis, rate, span } from "../parts/format";
import { meaning } from "../refused/reasons";
import css from "./OverviewPage.module.css";

/** There are six colours for refusals, and the last is for the other reasons. */
const NAMED_REASONS = 5;

/** Allowed first, then the most frequent refusals, and the rest as one. */
export function byReason(traffic: Traffic): Series[] {
  const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
  const refused = Object.entries(traffic.by_reason)
    .filter(([reason, values]) => reason !== "ok" && sum(values) > 0)
    .sort((a, b) => sum(b[1]) - sum(a[1]));
  const series: Series[] = [
    { label: "Allowed", values: traffic.by_reason.ok ?? traffic.allowed, colour: "var(--chart-allowed)" },
  ];
  for (const [index, [reason, values]] of refused.slice(0, NAMED_REASONS).entries()) {
    series.push({ label: meaning(reason).title, values, colour: `var(--chart-${index + 1})` });
  }
  const rest = refused.slice(NAMED_REASONS).map(([, values]) => values);
  if (rest.length > 0) {
    const values = traffic.times.map((_, at) => sum(rest.map((one) => one[at] ?? 0)));
    series.push({ label: "Other refusals", values, colour: "var(--chart-6)" });
  }
  if (traffic.would_refuse?.some((value) => value > 0)) {
    series.push({
      label: "Would be refused (shadow)",
      values: traffic.would_refuse,
      colour: "var(--chart-shadow)",
      dashed: true,
    });
  }
  return series;
}

export function TrafficCharts({ traffic }: { traffic: Traffic }) {
  const minutes = span(traffic.interval_seconds * Math.max(1, traffic.times.length));
  return (
    <div className={css.charts}>
      <section className="panel" aria-labelledby="decisions-chart">
        <h2 id="decisions-chart" className={css.heading}>
          Decisions by reason, last {minutes}
        </h2>
        <Chart
          label="Decisions per second by reason"
          times={traffic.times}
          series={byReason(traffic)}
          kind="stack"
          format={rate}
          none="No decisions in this time."
        />
      </section>
      <section className="panel" aria-labelledby="latency-chart">
        <h2 id="latency-chart" className={css.heading}>
          Time to decide
        </h2>
        <Chart
          label="Time to decide"
          times={traffic.times}
          series={[
            { label: "Median", values: traffic.p50_ms, colour: "var(--chart-4)" },
            {
              label: "99th percentile",
              values: traffic.p99_ms,
              colour: "var(--chart-2)",
              dashed: true,
            },
          ]}
          kind="line"
          format={millis}
          none="No requests in this time."
        />
      </section>
    </div>
  );
}
