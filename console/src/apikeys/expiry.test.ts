import { describe, expect, it } from "vitest";
import type { ApiKey } from "../api/schemas";
import { endOf } from "./ExpiryCell";
import { lifetimeOf, newExpiry, proposedExpiry, rotation } from "./expiry";

const key = (more: Partial<ApiKey>): ApiKey => ({
  id: "Yq3Zk81b",
  agent: "a",
  name: null,
  masked: "pck_Yq3Zk81b_…",
  state: "active",
  created_at: null,
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
  managed_by: "store",
  etag: "e",
  ...more,
});
const now = Date.parse("2026-11-28T00:00:00Z");
const old = key({ created_at: "2026-08-31T00:00:00Z", expires_at: "2026-11-29T00:00:00Z" });

describe("a rotated key", () => {
  it("has the lifetime of the old one, though that expires tomorrow", () => {
    expect([lifetimeOf(old), proposedExpiry(old)]).toEqual([90, "life"]);
    expect(newExpiry("life", old, now, "")?.toISOString()).toBe("2027-02-26T00:00:00.000Z");
  });
  it.each([
    ["same", "2026-11-29T00:00:00.000Z"],
    ["30d", "2026-12-28T00:00:00.000Z"],
    ["never", undefined],
  ] as const)("ends as chosen: %s", (choice, end) =>
    expect(newExpiry(choice, old, now, "")?.toISOString()).toBe(end),
  );
  it("says when it expires, whatever the API's default would be", () => {
    expect(rotation("1d", newExpiry("same", old, now, ""))).toEqual({
      overlap: "1d",
      expires_at: "2026-11-29T00:00:00.000Z",
    });
    expect(rotation("1d", newExpiry("never", key({}), now, ""))).toEqual({ overlap: "1d" });
  });
  it("has no end where the old one has none", () => expect(proposedExpiry(key({}))).toBe("never"));
  it("lives 90 days when the lifetime of the old one is unknown", () => {
    expect(proposedExpiry(key({ expires_at: "2026-11-29T00:00:00Z" }))).toBe("90d");
  });
});

it("a revoked key ended when it was revoked", () => {
  const revoked = key({
    state: "revoked",
    revoked_at: "2026-11-01T00:00:00Z",
    expires_at: "2027-01-01T00:00:00Z",
  });
  expect(endOf(revoked)).toBe("2026-11-01T00:00:00Z");
});
