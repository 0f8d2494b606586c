// The end of the key that takes the place of an old one.
import type { ApiKey } from "../api/schemas";

const DAY = 86_400_000;

export type ExpiryChoice = "life" | "same" | "never" | `${number}d` | "date";

/** How long the old key was made for, in days; `null` when that is not known or it never ends. */
export function lifetimeOf(key: Pick<ApiKey, "created_at" | "expires_at">): number | null {
  if (!key.created_at || !key.expires_at) return null;
  const days = Math.round((Date.parse(key.expires_at) - Date.parse(key.created_at)) / DAY);
  return days > 0 ? days : null;
}

/** What is proposed: as long a life as the old key was made for; else 90 days, or no end where the old one has none. */
export function proposedExpiry(key: Pick<ApiKey, "created_at" | "expires_at">): ExpiryChoice {
  if (key.expires_at === null) return "never";
  return lifetimeOf(key) === null ? "90d" : "life";
}

/** When the new key ends; `null` is never. `date` is what was chosen by hand. */
export function newExpiry(choice: ExpiryChoice, key: ApiKey, now: number, date: string): Date | null {
  const inDays = (days: number) => new Date(now + days * DAY);
  switch (choice) {
    case "never":
      return null;
    case "same":
      return key.expires_at ? new Date(key.expires_at) : null;
    case "life":
      return inDays(lifetimeOf(key) ?? 90);
    case "date":
      return new Date(date);
    default:
      return inDays(Number.parseInt(choice, 10));
  }
}
