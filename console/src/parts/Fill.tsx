// A bar that shows how much of something is taken, beside the words that say it.
import css from "./Fill.module.css";

interface Props {
  /** What is measured, for readers who do not see the bar. */
  label: string;
  value: number;
  most: number;
  tone: "ok" | "warn" | "bad";
  /** The same in words. */
  text: string;
}

export function Fill({ label, value, most, tone, text }: Props) {
  const share = most > 0 ? Math.min(1, value / most) : 1;
  return (
    <div
      className={css.bar}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={most}
      aria-valuenow={Math.min(value, most)}
      aria-valuetext={text}
      data-tone={tone}
    >
      <div className={css.fill} style={{ width: `${share * 100}%` }} />
    </div>
  );
}
