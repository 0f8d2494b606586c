// Formats numbers, sizes and times.

/** A rate per second, with few digits; a small rate is never rounded to zero. */
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return "0/s";
  if (perSecond < 0.01) return "<0.01/s";
  if (perSecond < 10) return `${trim(perSecond.toFixed(perSecond < 1 ? 2 : 1))}/s`;
  if (perSecond < 1000) return `${Math.round(perSecond)}/s`;
  return `${trim((perSecond / 1000).toFixed(perSecond < 100_000 ? 1 : 0))}k/s`;
}

/** Milliseconds, with the unit that suits. */
export function millis(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "–";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${trim(ms.toFixed(ms < 10 ? 1 : 0))} ms`;
  return `${trim((ms / 1000).toFixed(1))} s`;
}

const UNITS: [number, string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** A length of time in its largest unit: "3 h". */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [size, unit] = UNITS.find(([size]) => whole >= size) ?? [1, "s"];
  return `${Math.floor(whole / size)} ${unit}`;
}

/** A point in time relative to now, both in milliseconds: "3 h ago", "in 5 min", "now". */
export function ago(at: number, now: number): string {
  const seconds = (now - at) / 1000;
  if (Math.abs(seconds) < 5) return "now";
  // Rounded up a little: what is set to "in 90 days" must not become "in 89 d" after a second.
  return seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds + Math.min(60, -seconds / 100))}`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${trim((count / 1024).toFixed(1))} KiB`;
  return `${trim((count / 1024 / 1024).toFixed(1))} MiB`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function trim(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
