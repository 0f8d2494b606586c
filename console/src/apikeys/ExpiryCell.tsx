// Until when a key is valid. A revoked key was valid until it was revoked, whatever its expiry.
import type { ApiKey } from "../api/schemas";
import { Time } from "../parts/Time";

export function endOf(key: ApiKey): string | null {
  return key.state === "revoked" ? key.revoked_at : key.expires_at;
}

export function ExpiryCell({ apiKey }: { apiKey: ApiKey }) {
  return <Time at={endOf(apiKey)} none="no limit" past={apiKey.state !== "active"} />;
}
