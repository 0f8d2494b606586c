// When a key ends, or ended: a revoked key has ended when it was revoked, whatever end it was made with.
import type { ApiKey } from "../api/schemas";
import { Time } from "../parts/Time";

export function endOf(key: ApiKey): string | null {
  return key.state === "revoked" ? key.revoked_at : key.expires_at;
}

export function ExpiryCell({ apiKey }: { apiKey: ApiKey }) {
  return <Time at={endOf(apiKey)} none="no limit" past={apiKey.state !== "active"} />;
}
