// The limits of an agent in words: what one permits, whom it counts by, where it is written, and how full it is.
import type { LimitUsage } from "../api/schemas";
import { plural, span } from "../parts/format";
import { visible } from "../parts/visible";

/** What a limit permits, as it is written. */
export function permitsOf({
  rate,
  concurrent,
  quota,
}: Pick<LimitUsage, "rate" | "concurrent" | "quota">): string {
  if (quota !== null) return `${plural(quota.count, "request")} a ${quota.period}, UTC`;
  if (rate === null) return `${plural(concurrent ?? 0, "request")} under way`;
  const whole = `${plural(rate.count, "request")} in ${exactSpan(rate.window_seconds)}`;
  return rate.burst === rate.count ? whole : `${whole}, ${rate.burst.toLocaleString("en")} at once`;
}

/** A length of time without rounding: "90 s" is not "1 min". */
function exactSpan(seconds: number): string {
  const short = span(seconds);
  const [number = "0", unit = "s"] = short.split(" ");
  const size = { d: 86_400, h: 3_600, min: 60, s: 1 }[unit] ?? 1;
  return Number(number) * size === seconds ? short : `${seconds.toLocaleString("en")} s`;
}

const PER: Record<string, [one: string, many: string]> = {
  principal: ["caller", "callers"],
  client_id: ["client", "clients"],
  api_key: ["API key", "API keys"],
  address: ["address", "addresses"],
};

/** Whom a limit counts by: one of them, and several. */
function countedOf(per: string): [one: string, many: string] {
  if (per === "agent") return ["agent", "agents"];
  const claim = per.startsWith("claim:") ? visible(per.slice("claim:".length)) : null;
  return PER[per] ?? [`value of ${claim ?? visible(per)}`, `values of ${claim ?? visible(per)}`];
}

/** "each caller, at each agent" */
export function countsOf({ per, scope, count }: Pick<LimitUsage, "per" | "scope" | "count">): string {
  const each =
    per === "agent"
      ? scope === "agent"
        ? "all callers of the agent together"
        : "all callers of all its agents together"
      : `each ${countedOf(per)[0]}, ${scope === "agent" ? "at each agent" : "at all its agents together"}`;
  return count === "failed" ? `${each}; only what was refused with 401` : each;
}

/** Where a limit is written. */
export function placeOf({ place, provider }: LimitUsage): string {
  switch (place) {
    case "agent":
      return "at this agent";
    case "identity_provider":
      return `at the identity provider ${provider ?? ""}`.trim();
    case "top":
      return "for all agents";
  }
}

/** How many have something spent, and how many of them have nothing left. */
export function inUseOf({ per, in_use, exhausted, buckets }: LimitUsage): string {
  const [one, many] = countedOf(per);
  if (in_use === 0) return "nothing is spent";
  const where = buckets === "all_agents" && per !== "agent" ? " of all its agents" : "";
  const counted = `${plural(in_use, one, many)}${where}`;
  return `${counted}, ${exhausted === 0 ? "none" : exhausted.toLocaleString("en")} with nothing left`;
}

/** "18 of 20 spent", or under way. */
export function spentOf({ concurrent, most }: LimitUsage, spent: number): string {
  const verb = concurrent === null ? "spent" : "under way";
  return `${spent.toLocaleString("en")} of ${most.toLocaleString("en")} ${verb}`;
}

/** The part of a gateway, where a fleet shares a limit, or that all count together. */
export function shareOf({ counting, members, most, concurrent }: LimitUsage): string | null {
  if (counting === "shared") return "all gateways count together, and tell each other what they let in";
  if (counting === "strict") return "all gateways count together, and ask for each request";
  if (members < 2) return null;
  const what = concurrent === null ? `${plural(most, "request")} at once` : plural(most, "request");
  return `this gateway's part, of ${members.toLocaleString("en")}: ${what}`;
}

/** From here on a bucket is shown as nearly full. */
const NEARLY = 0.8;

export function toneOf(spent: number, most: number): "ok" | "warn" | "bad" {
  if (spent >= most) return "bad";
  return spent >= most * NEARLY ? "warn" : "ok";
}
