import { describe, expect, it } from "vitest";
import type { Denial } from "../api/schemas";
import {
  ORDER,
  denyPath,
  denyPathOf,
  formFor,
  formOf,
  foundInWords,
  inWords,
  whatOf,
  whoseOf,
  written,
} from "./denials";

const DENIAL: Denial = {
  actor: "admin",
  at: "2026-11-29T12:00:00Z",
  by: "sub",
  etag: '"1"',
  id: "sub-1",
  issued_before: "2026-11-29T12:00:00Z",
  issuer: "https://idp.example.com",
  provider: "corp",
  reason: "INC-42",
  until: "never",
  value: "alice",
};

describe("the form of a denial", () => {
  it("begins with what the gateway would take", () => {
    expect(formFor("sub")).toMatchObject({ issued: "now", until: "30d" });
    expect(formFor("sid").issued).toBe("now");
    expect(formFor("client_id").issued).toBe("all");
    expect(formFor("api_key")).toMatchObject({ issued: "all", until: "never" });
  });

  it("is about the caller that an address names", () => {
    const path = denyPath("sub", "a b&c", "corp");
    expect(formOf(path.split("?")[1] ?? "")).toMatchObject({ by: "sub", value: "a b&c", provider: "corp" });
    expect(formOf(denyPath("api_key", "Yq3Zk81b", null).split("?")[1] ?? "")).toMatchObject({
      by: "api_key",
      value: "Yq3Zk81b",
      provider: "",
    });
  });

  it.each(["", "by=nobody&value=x", "by=toString", "by=token_sha256&value=secret"])(
    "is empty where the address names nobody: %s",
    (search) => {
      expect(formOf(search)).toEqual(formFor("sub"));
    },
  );

  it("sends what is filled in", () => {
    const form = formFor("client_id", { value: " bot ", provider: "corp", until: "7d", reason: " INC-1 " });
    expect(written(form)).toEqual({
      by: "client_id",
      value: "bot",
      provider: "corp",
      issued_before: "all",
      until: "7d",
      reason: "INC-1",
    });
    expect(written(formFor("api_key", { value: "k", provider: "corp" }))).toEqual({
      by: "api_key",
      value: "k",
      issued_before: "all",
      until: "never",
    });
  });

  it("says what it does", () => {
    expect(inWords(formFor("sub"))).toMatch(/issued up to now are refused for 30 days/);
    expect(inWords(formFor("client_id", { until: "never" }))).toMatch(/refused for good, whenever/);
    expect(inWords(formFor("api_key"))).toMatch(/revoked for good/);
    expect(foundInWords(1, 1200)).toMatch(/1 running stream, and would have refused 1,200 requests/);
  });
});

describe("a caller", () => {
  it("is denied by its key, else its subject, else its client, and not at all where it proved nothing", () => {
    const nobody = { key_id: null, sub: null, client_id: null, provider: null };
    expect(denyPathOf(nobody)).toBeNull();
    expect(denyPathOf({ ...nobody, client_id: "said" })).toBeNull();
    expect(denyPathOf({ ...nobody, client_id: "bot", provider: "corp" })).toContain("by=client_id&value=bot");
    expect(denyPathOf({ ...nobody, sub: "alice", client_id: "bot", provider: "corp" })).toBe(
      "/denials?by=sub&value=alice&provider=corp",
    );
    expect(denyPathOf({ ...nobody, key_id: "Yq3Zk81b" })).toBe("/denials?by=api_key&value=Yq3Zk81b");
  });
});

describe("a denial", () => {
  it("has a word for each kind", () => {
    for (const by of ORDER) expect(whatOf({ ...DENIAL, by })).not.toBe("");
    expect(whatOf({ ...DENIAL, by: null })).toBe("of a newer version");
  });

  it("says whose tokens it is about", () => {
    expect(whoseOf(DENIAL)).toBe("corp");
    expect(whoseOf({ ...DENIAL, provider: null })).toBe("https://idp.example.com");
    expect(whoseOf({ ...DENIAL, provider: null, issuer: null })).toBe("any");
    expect(whoseOf({ ...DENIAL, by: "api_key", provider: null, issuer: null })).toBe("this gateway");
  });
});
