// The outcome of a decision in words, and the choice of outcomes for a list.
import type { Outcome } from "../api/calls";
import type { Decision } from "../api/schemas";
import type { MarkTone } from "../parts/Mark";

/** `null` is every decision. */
export type Shown = Outcome | null;

export const CHOICES: { value: string; label: string }[] = [
  { value: "refused", label: "All refusals" },
  { value: "would_refuse", label: "Would be refused (shadow)" },
  { value: "allowed", label: "Allowed" },
  { value: "all", label: "All decisions" },
];

/** What an address asks to show. With a reason alone, decisions of every outcome are shown. */
export function shownOf(outcome: string | null, reason: string | null): Shown {
  switch (outcome) {
    case "refused":
    case "would_refuse":
    case "allowed":
      return outcome;
    case "all":
      return null;
    default:
      return reason ? null : "refused";
  }
}

interface Ended {
  decision: Decision["decision"];
  status?: number | null;
}

/** The word and its tone. A request that was allowed and then failed is not only "allowed". */
export function wordOf({ decision, status }: Ended): { tone: MarkTone; word: string } {
  const failed = typeof status === "number" && status >= 500;
  switch (decision) {
    case "allow":
      return failed ? { tone: "warn", word: `allowed, then ${status}` } : { tone: "ok", word: "allowed" };
    case "deny":
      return { tone: "bad", word: "refused" };
    case "error":
      return { tone: "bad", word: "refused (503)" };
    case "shadow_deny":
      return { tone: "shadow", word: failed ? `would be refused; then ${status}` : "would be refused" };
    default:
      return { tone: "plain", word: decision };
  }
}

/** What the status means when the gateway allowed the request. */
export function upstreamMeaning(status: number | null | undefined): string | null {
  switch (status) {
    case 502:
      return "The gateway allowed the request, but got no response from the agent: it could not be reached, or closed the connection.";
    case 504:
      return "The gateway allowed the request, but the agent did not respond within the timeout.";
    default:
      return null;
  }
}
