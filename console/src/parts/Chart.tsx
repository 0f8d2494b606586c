// A chart over time, in plain SVG: stacked bars or lines. The legend has the values at the pointer, and a table has
// all of them.
import { type PointerEvent, useState } from "react";
import css from "./Chart.module.css";
import { ChartTable } from "./ChartTable";
import type { Series } from "./series";
import { clock as clockOf, useZone } from "./zone";

export interface Props {
  label: string;
  times: number[];
  series: Series[];
  kind: "stack" | "line";
  format: (value: number) => string;
  /** Shown when there is nothing to draw. */
  none: string;
}

/** In units of the drawing, which is stretched to the width of its box and as high as in the style sheet. */
const WIDTH = 600;
const HEIGHT = 180;

export function Chart({ label, times, series, kind, format, none }: Props) {
  const [at, setAt] = useState<number | null>(null);
  const zone = useZone();
  const clock = (time: number | undefined) =>
    time === undefined ? "" : clockOf(new Date(time * 1000), zone).slice(0, 8);
  const count = times.length;
  const totals = times.map((_, index) => {
    const values = series.map((one) => one.values[index] ?? 0);
    return kind === "stack" ? values.reduce((all, value) => all + value, 0) : Math.max(0, ...values);
  });
  const top = ceiling(Math.max(0, ...totals));
  const empty = top === 0;
  const shown = at !== null && at < count ? at : count - 1;
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(Math.min(count - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * count))));
  };

  return (
    <div>
      <ul className={css.legend}>
        {series.map((one) => (
          <li key={one.label}>
            <span
              className={css.swatch}
              style={{ background: one.colour }}
              data-dashed={one.dashed}
              aria-hidden
            />
            {one.label}{" "}
            <span className={css.number}>
              {one.values[shown] === null || one.values[shown] === undefined
                ? "–"
                : format(one.values[shown])}
            </span>
          </li>
        ))}
        <li className="dim">{at === null ? "latest values" : `at ${clock(times[shown])}`}</li>
      </ul>
      {empty ? (
        <p className={css.none}>{none}</p>
      ) : (
        <div className={css.plot}>
          <div className={css.axis} aria-hidden>
            <span>{format(top)}</span>
            <span>{format(top / 2)}</span>
            <span>0</span>
          </div>
          <svg
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            className={css.svg}
            role="img"
            aria-label={`${label}; the numbers are in the table below`}
            onPointerMove={point}
            onPointerLeave={() => setAt(null)}
          >
            {[0, 0.5, 1].map((part) => (
              <line key={part} x1={0} x2={WIDTH} y1={HEIGHT * part} y2={HEIGHT * part} className={css.grid} />
            ))}
            {kind === "stack" ? (
              <Bars times={times} series={series} top={top} />
            ) : (
              series.map((one) => <Line key={one.label} series={one} top={top} />)
            )}
            {at !== null && (
              <line
                x1={((shown + 0.5) / count) * WIDTH}
                x2={((shown + 0.5) / count) * WIDTH}
                y1={0}
                y2={HEIGHT}
                className={css.cursor}
              />
            )}
          </svg>
          <div className={css.times} aria-hidden>
            {[...new Set([0, Math.floor((count - 1) / 2), count - 1])].map((index) => (
              <span key={index}>{clock(times[index])}</span>
            ))}
          </div>
        </div>
      )}
      {!empty && <ChartTable label={label} times={times} series={series} format={format} />}
    </div>
  );
}

function Bars({ times, series, top }: { times: number[]; series: Series[]; top: number }) {
  const step = WIDTH / times.length;
  const sums = times.map(() => 0);
  return series.map((one) => {
    const path = times
      .map((_, index) => {
        const value = one.values[index] ?? 0;
        const below = sums[index] ?? 0;
        sums[index] = below + value;
        if (value <= 0) return "";
        const y = HEIGHT - ((below + value) / top) * HEIGHT;
        const height = (value / top) * HEIGHT;
        return `M${(index * step + 0.8).toFixed(1)} ${y.toFixed(1)}h${(step - 1.6).toFixed(1)}v${height.toFixed(1)}h-${(step - 1.6).toFixed(1)}z`;
      })
      .join("");
    return <path key={one.label} d={path} fill={one.colour} />;
  });
}

function Line({ series, top }: { series: Series; top: number }) {
  const step = WIDTH / Math.max(1, series.values.length);
  let path = "";
  let pen = "M";
  for (const [index, value] of series.values.entries()) {
    if (value === null) {
      pen = "M";
      continue;
    }
    path += `${pen}${((index + 0.5) * step).toFixed(1)} ${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`;
    // A value between two gaps has no line to another value, so it gets a short line of its own.
    if (pen === "M" && (series.values[index + 1] ?? null) === null) path += "h4";
    pen = "L";
  }
  return (
    <path
      d={path}
      className={css.line}
      style={{ stroke: series.colour }}
      strokeDasharray={series.dashed ? "5 3" : undefined}
    />
  );
}

/** The next round number, as the end of an axis. */
export function ceiling(value: number): number {
  if (!(value > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}
