import { describe, expect, it } from "vitest";
import type { JsonObject } from "../api/types";
import { formOf, rebase, specOf } from "./form";

const round = (spec: JsonObject) => specOf(formOf(spec), spec);

const FULL: JsonObject = {
  display_name: "Refund agent",
  route: { path: "/agents/refunds", host: "agents.example.com", strip_path: true },
  upstream: { url: "http://127.0.0.1:9000", connect_timeout: "5s" },
  auth: {
    oauth: {
      identity_providers: ["corp"],
      audiences: ["api://refund-agent"],
      header: "Authorization",
      prefix: "",
      forward_token: false,
      scopes: { all_of: [], any_of: ["refunds:write"] },
      claims: { all_of: [{ claim: "tenant", values: ["acme", 42, true, "42", "true", '"quoted"'] }] },
      claim_headers: { sub: "X-Caller-Sub" },
      max_token_lifetime: "1h",
    },
  },
  cors: { allowed_origins: ["https://app.example.com"], max_age: "1h" },
  max_body: 1048576,
  websocket: true,
  enforcement: "shadow",
};

describe("a specification that was opened and not changed stays as it is", () => {
  const cases: [string, JsonObject][] = [
    ["everything", FULL],
    ["short forms", { route: "/a", upstream: "http://a", auth: "public" }],
    ["an API key", { route: "/a", upstream: "http://a", auth: { api_key: {} } }],
    [
      "a default written out",
      { route: { path: "/a", strip_path: false }, upstream: "http://a", auth: "public" },
    ],
    ["an empty cors", { route: "/a", upstream: "http://a", auth: "public", cors: { allowed_origins: [] } }],
    [
      "members that the form does not know",
      {
        route: { path: "/a", later: 1 },
        upstream: { url: "http://a", ca_file: "ca.pem" },
        auth: { oauth: { identity_providers: ["x"], later: { deep: [1] }, scopes: { later: true } } },
        later: { a: null },
        cors: { allowed_origins: ["*"], later: "x" },
      },
    ],
  ];
  it.each(cases)("%s", (_, spec) => expect(round(spec)).toEqual(spec));
});

describe("an edit changes what it names and nothing else", () => {
  it("keeps unknown members of the part that was edited", () => {
    const spec: JsonObject = {
      route: "/a",
      upstream: { url: "http://a", connect_timeout: "2s" },
      auth: { oauth: { identity_providers: ["x"], later: 1 } },
    };
    const edited = specOf({ ...formOf(spec), upstream: "http://b", audiences: ["api"] }, spec);
    expect(edited).toEqual({
      route: "/a",
      upstream: { url: "http://b", connect_timeout: "2s" },
      auth: { oauth: { identity_providers: ["x"], later: 1, audiences: ["api"] } },
    });
  });

  it("leaves one kind of authentication when it is switched", () => {
    const edited = specOf({ ...formOf(FULL), authentication: "api_key" }, FULL);
    expect(edited.auth).toEqual({ api_key: {} });
  });

  it("takes a default out that was set by hand to something else", () => {
    const edited = specOf({ ...formOf(FULL), prefix: "Bearer", audiences: [] }, FULL);
    const oauth = (edited.auth as JsonObject).oauth as JsonObject;
    expect(oauth).not.toHaveProperty("prefix");
    expect(oauth).not.toHaveProperty("audiences");
    expect(oauth).toHaveProperty("header", "Authorization");
  });

  it("takes cors out with its last origin", () => {
    expect(specOf({ ...formOf(FULL), corsOrigins: [] }, FULL)).not.toHaveProperty("cors");
  });

  it("writes a new agent as briefly as a person would", () => {
    const form = { ...formOf({}), path: " /a ", upstream: "http://a", authentication: "public" as const };
    expect(specOf(form, {})).toEqual({ route: "/a", upstream: "http://a", auth: "public" });
  });

  it("does not touch what it was given", () => {
    const before = structuredClone(FULL);
    specOf({ ...formOf(FULL), displayName: "x", scopesAny: [], claimsAll: [] }, FULL);
    expect(FULL).toEqual(before);
  });
});

it("keeps what I changed and takes the rest from what is there now", () => {
  const from = formOf(FULL);
  const theirs = { ...from, upstream: "http://b", audiences: ["theirs"] };
  const mine = { ...from, prefix: "Token", audiences: ["mine"] };
  expect(rebase(mine, from, theirs)).toEqual({
    ...from,
    upstream: "http://b",
    prefix: "Token",
    audiences: ["mine"],
  });
});
