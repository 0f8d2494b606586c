// Exact timestamps, always with their zone: UTC, as in logs, or the local one. The choice is stored in the browser.
import { Observed, useObserved } from "../api/observed";

export type Zone = "local" | "utc";

const KEY = "portcullis-time-zone";

const chosen = new Observed<Zone>(stored());

export const useZone = (): Zone => useObserved(chosen);

export function chooseZone(zone: Zone): void {
  chosen.set(zone);
  try {
    localStorage.setItem(KEY, zone);
  } catch {
    // Without storage, the choice lasts as long as the page.
  }
}

function stored(): Zone {
  try {
    return localStorage.getItem(KEY) === "utc" ? "utc" : "local";
  } catch {
    return "local";
  }
}

const two = (number: number) => String(number).padStart(2, "0");

/** "2026-11-28 03:21:07 UTC", or with the reader's offset: "2026-11-28 04:21:07 +01:00". */
export function exact(at: Date, zone: Zone, offset = -at.getTimezoneOffset()): string {
  const minutes = zone === "utc" ? 0 : offset;
  const text = new Date(at.getTime() + minutes * 60_000).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} ${zone === "utc" ? "UTC" : offsetText(minutes)}`;
}

/** "03:21:07 UTC": for times of the present day. */
export function clock(at: Date, zone: Zone, offset = -at.getTimezoneOffset()): string {
  return exact(at, zone, offset).slice(11);
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
