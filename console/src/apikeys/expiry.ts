// The expiry of the key that a rotation creates.
import type { ApiKey, RotateApiKey } from "../api/schemas";

/** In milliseconds. */
const DAY = 86_400_000;

export type ExpiryChoice = "life" | "same" | "never" | `${number}d` | "date";

/** The lifetime of a key in days; `null` when it is unknown or unlimited. */
export function lifetimeOf(key: Pick<ApiKey, "created_at" | "expires_at">): number | null {
  if (!key.created_at || !key.expires_at) return null;
  const days = Math.round((Date.parse(key.expires_at) - Date.parse(key.created_at)) / DAY);
  return days > 0 ? days : null;
}

/**
 * The proposed choice: the lifetime of the old key; 90 days when it is unknown; no expiry when the old key has
 * none.
 */
export function proposedExpiry(key: Pick<ApiKey, "created_at" | "expires_at">): ExpiryChoice {
  if (key.expires_at === null) return "never";
  return lifetimeOf(key) === null ? "90d" : "life";
}

/** When the new key expires; `null` is never. `date` is the text of the date field. */
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

/** The request of a rotation. It names the expiry, since the API's default depends on how much of the old key's life is left. */
export function rotation(overlap: string, expiry: Date | null): RotateApiKey {
  return expiry === null ? { overlap } : { overlap, expires_at: expiry.toISOString() };
}
