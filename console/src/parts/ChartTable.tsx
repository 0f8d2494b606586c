// The values of a chart as a table, for screen readers and for the exact values.
import css from "./Chart.module.css";
import type { Series } from "./series";
import { clock, useZone } from "./zone";

interface Props {
  label: string;
  times: number[];
  series: Series[];
  format: (value: number) => string;
}

export function ChartTable({ label, times, series, format }: Props) {
  const zone = useZone();
  return (
    <details className={css.details}>
      <summary>Show as a table</summary>
      <div className={css.scroll} role="region" aria-label={`${label}, as a table`} tabIndex={0}>
        <table className={css.table} aria-label={label}>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {series.map((one) => (
                <th key={one.label} scope="col">
                  {one.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times
              .map((time, index) => (
                <tr key={time}>
                  <th scope="row">{clock(new Date(time * 1000), zone)}</th>
                  {series.map((one) => {
                    const value = one.values[index];
                    return (
                      <td key={one.label}>{value === null || value === undefined ? "–" : format(value)}</td>
                    );
                  })}
                </tr>
              ))
              .reverse()}
          </tbody>
        </table>
      </div>
    </details>
  );
}
