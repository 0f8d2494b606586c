import { describe, expect, it } from "vitest";
import type { JsonObject } from "../api/schemas";
import { fieldOf, formOf, missing, nameFor, specOf } from "./form";

describe("a provider that was opened and not changed stays as it is", () => {
  const cases: [string, JsonObject][] = [
    ["discovery", { issuer: "https://a", algorithms: ["RS256"], refresh: "10m" }],
    ["discovery written out", { issuer: "https://a", discovery: {}, later: 1 }],
    ["a key set's URL", { issuer: "https://a", jwks_uri: "https://a/keys", insecure_http: false }],
    ["a key set", { issuer: "a", jwks: { keys: [{ kty: "RSA" }], later: true } }],
    ["a PEM key", { issuer: "a", public_key: "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----" }],
    [
      "introspection",
      {
        issuer: "https://a",
        introspection: { auth: { client_id: "g" }, timeout: "1s", max_in_flight: 8, later: 1 },
      },
    ],
    [
      "introspection by a certificate",
      {
        issuer: "https://a",
        introspection: { auth: { client_id: "g", tls: { cert_file: "c.pem", key_file: "c.key" } } },
      },
    ],
    ["introspection of defaults", { issuer: "https://a", introspection: { auth: { client_id: "g" } } }],
    [
      "events",
      {
        issuer: "https://a",
        events: { poll: { endpoint: "https://a/p", interval: "30s", later: 1 }, backchannel_logout: "web" },
      },
    ],
    ["events that come by themselves", { issuer: "https://a", events: { backchannel_logout: true } }],
    ["a trust domain", { spiffe: { trust_domain: "a.test", bundle_url: "https://a.test/b" } }],
    ["a trust domain with a file", { spiffe: { trust_domain: "a.test", bundle_file: "b.json", later: 1 } }],
    ["a file", { issuer: "a", public_key_file: "a.pem", ca_file: "ca.pem" }],
  ];
  it.each(cases)("%s", (_, spec) => expect(specOf(formOf(spec), spec)).toEqual(spec));
});

it("has one source of keys after a switch", () => {
  const spec: JsonObject = { issuer: "https://a", jwks_uri: "https://a/keys", ca_file: "ca.pem" };
  expect(specOf({ ...formOf(spec), source: "discovery" }, spec)).toEqual({
    issuer: "https://a",
    ca_file: "ca.pem",
  });
  const keyed = specOf({ ...formOf(spec), source: "jwks", jwks: '{"keys":[]}' }, spec);
  expect(keyed).toEqual({ issuer: "https://a", ca_file: "ca.pem", jwks: { keys: [] } });
});

it("has an issuer or a trust domain after a switch", () => {
  const spec: JsonObject = { issuer: "https://a", jwks_uri: "https://a/keys" };
  const form = { ...formOf(spec), source: "spiffe" as const, trustDomain: "a.test", bundleUrl: "https://b" };
  const domain = specOf(form, spec);
  expect(domain).toEqual({ spiffe: { trust_domain: "a.test", bundle_url: "https://b" } });
  expect(missing({ ...form, trustDomain: "" }, "a")).toHaveProperty("trustDomain");
  expect(specOf({ ...form, source: "discovery" }, domain)).toEqual({ issuer: "https://a" });
});

it("writes how a provider is asked, where it is asked at all", () => {
  const typed = { introspectionTimeout: "3s", introspectionInFlight: "16" };
  const spec: JsonObject = { issuer: "https://a", introspection: { auth: {}, timeout: "1s" } };
  const written = specOf({ ...formOf(spec), ...typed }, spec);
  expect(written.introspection).toEqual({ auth: {}, timeout: "3s", max_in_flight: 16 });
  expect(specOf({ ...formOf({}), ...typed, issuer: "https://a" }, {})).toEqual({ issuer: "https://a" });
});

it("writes how often a provider is asked for events, where it is", () => {
  const spec: JsonObject = { issuer: "https://a", events: { poll: { endpoint: "https://a/p" } } };
  const written = specOf({ ...formOf(spec), eventsInterval: "1m" }, spec);
  expect(written.events).toEqual({ poll: { endpoint: "https://a/p", interval: "1m" } });
  const pushed: JsonObject = { issuer: "https://a", events: { push: { audience: "x" } } };
  expect(specOf({ ...formOf(pushed), eventsInterval: "1m" }, pushed)).toEqual(pushed);
});

it("says what is missing for the chosen source only", () => {
  const form = { ...formOf({}), issuer: "https://a" };
  expect(missing(form, "a")).toEqual({});
  expect(missing({ ...form, source: "jwks_uri" }, "a")).toHaveProperty("jwksUri");
  expect(missing({ ...form, source: "jwks", jwks: "[" }, "a")).toHaveProperty("jwks");
  expect(missing({ ...form, source: "public_key" }, "")).toMatchObject({
    name: expect.any(String),
    publicKey: expect.any(String),
  });
});

it("puts findings beside their fields", () => {
  expect(["/spiffe", "/spiffe/bundle_url"].map(fieldOf)).toEqual(["trustDomain", "bundleUrl"]);
  const pointers = ["/jwks_uri", "/jwks/keys/0", "/algorithms/1", "/ca_file", "/later", "", null];
  expect(pointers.map(fieldOf)).toEqual(["jwksUri", "jwks", "algorithms", "caFile", null, null, null]);
});

it("proposes a name that the gateway accepts", () => {
  expect(["https://login.example.com/realms/a", "http://[::1]:80/", "no url"].map(nameFor)).toEqual([
    "login-example-com",
    "1",
    "",
  ]);
});
