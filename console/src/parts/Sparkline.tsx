// Allowed and refused per second over the last minutes, small enough for a table's cell.
import type { AgentTraffic } from "../api/schemas";
import { rate } from "./format";
import css from "./Sparkline.module.css";

/** In pixels: as wide as a column of a table allows, as high as two lines of text. */
const WIDTH = 120;
const HEIGHT = 30;

interface Props {
  traffic: Pick<AgentTraffic, "allowed" | "refused" | "would_refuse">;
}

export function Sparkline({ traffic: { allowed, refused, would_refuse: shadowed = [] } }: Props) {
  // Above zero, so that a quiet agent does not divide by it.
  const top = Math.max(1e-9, ...allowed, ...refused, ...shadowed);
  const last = (series: number[]) => series.at(-1) ?? 0;
  const quiet = top <= 1e-9;
  const inShadow = shadowed.some((value) => value > 0);
  return (
    <div className={css.spark}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        width={WIDTH}
        height={HEIGHT}
        preserveAspectRatio="none"
        aria-hidden
        className={css.chart}
      >
        <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className={css.ground} />
        {!quiet && <polyline points={points(allowed, top)} className={css.allowed} />}
        {!quiet && <polyline points={points(refused, top)} className={css.refused} />}
        {inShadow && <polyline points={points(shadowed, top)} className={css.shadowed} />}
      </svg>
      <div className={css.numbers}>
        <span>
          {rate(last(allowed))} <span className="dim">allowed</span>
        </span>
        <span>
          {rate(last(refused))} <span className="dim">refused</span>
        </span>
        {inShadow && (
          <span className={css.shadow}>
            {rate(last(shadowed))} <span>would be refused</span>
          </span>
        )}
      </div>
    </div>
  );
}

function points(series: number[], top: number): string {
  const step = WIDTH / Math.max(1, series.length - 1);
  return series
    .map(
      (value, index) =>
        `${(index * step).toFixed(1)},${(HEIGHT - 1.5 - (value / top) * (HEIGHT - 4)).toFixed(1)}`,
    )
    .join(" ");
}
