import { describe, expect, it } from "vitest";
import type { AgentProtocol, Diagnostic } from "../api/schemas";
import { type Field, fieldOf, missing, sortFindings } from "./fields";
import { type AgentForm, formOf } from "./form";

describe("a pointer names its field", () => {
  const cases: [string | null, Field | null][] = [
    ["/auth/oauth/audiences/0", "audiences"],
    ["/auth/oauth/identity_providers/1", "providers"],
    ["/auth/oauth/claims/any_of/0/values", "claimsAny"],
    ["/auth/oauth/unheard_of", "authentication"],
    ["/auth", "authentication"],
    ["/auth/api_key/header", "keyHeader"],
    ["/route", "path"],
    ["/route/host", "hosts"],
    ["/route/hosts/0", "hosts"],
    ["/upstream/ca_file", "upstreamCaFile"],
    ["/upstream/later", "upstream"],
    ["/upstream/targets/1/weight", "targets"],
    ["/limits/0/rate", "limits"],
    ["/assertion", "asserts"],
    ["/assertion/claims/1", "assertionClaims"],
    ["/assertion/alg", "assertionAlg"],
    ["/upstream/connect_timeout", "/upstream/connect_timeout"],
    ["/max_in_flight", "/max_in_flight"],
    ["/streams/on_policy_change", "/streams/on_policy_change"],
    ["/auth/oauth/forward_token/scheme", "forwardScheme"],
    ["/mcp/rules/tools/a/scopes/all_of", "mcpRules"],
    ["/mcp/rules/unlisted", "mcpRules"],
    ["/a2a/rules/operations/GetTask", "a2aRules"],
    ["/mcp/max_message", "/mcp/max_message"],
    ["/mcp/later", "protocol"],
    ["/a2a/card/file", "cardFile"],
    ["/a2a/card", "cardFrom"],
    ["/public_url", "publicUrl"],
    ["/auth/oauth/audience", "audienceKind"],
    ["/authx", null],
    ["/later", null],
    ["", null],
    [null, null],
  ];
  it.each(cases)("%s", (pointer, field) => expect(fieldOf(pointer)).toBe(field));
});

const finding = (over: Partial<Diagnostic>): Diagnostic => ({
  severity: "error",
  code: "wrong-type",
  message: "wrong",
  help: null,
  resource: "agents/a",
  path: "/auth/oauth/audiences/0",
  file: "a.yaml",
  line: 1,
  column: 1,
  ...over,
});

describe("findings are sorted", () => {
  it("puts errors of this agent beside their field, all of them", () => {
    const sorted = sortFindings(
      [finding({}), finding({ message: "again", help: "do this" })],
      "agents/a",
      false,
    );
    expect(sorted.beside).toEqual({ audiences: "wrong; again (do this)" });
    expect(sorted.rest).toEqual([]);
  });

  it("shows no raw backticks beside a field", () => {
    const sorted = sortFindings(
      [finding({ message: "no field `scope`", help: "write `scopes`" })],
      "agents/a",
      false,
    );
    expect(sorted.beside).toEqual({ audiences: "no field “scope” (write “scopes”)" });
  });

  it("leaves warnings, other resources and unknown places in the summary", () => {
    const rest = [
      finding({ severity: "warning" }),
      finding({ resource: "agents/b" }),
      finding({ path: "" }),
      finding({ path: null }),
    ];
    expect(sortFindings(rest, "agents/a", false)).toEqual({ beside: {}, rest, more: false });
  });

  it("knows what is folded away", () => {
    expect(sortFindings([finding({ path: "/max_body" })], "agents/a", false).more).toBe(true);
    expect(sortFindings([finding({})], "agents/a", false).more).toBe(false);
    const path = finding({ path: "/route/path" });
    expect([true, false].map((isNew) => sortFindings([path], "agents/a", isNew).more)).toEqual([false, true]);
  });
});

describe("the form reports what is missing before it asks the gateway", () => {
  it("requires every field of a new agent", () => {
    expect(Object.keys(missing(formOf({}), ""))).toEqual(["name", "path", "upstream", "authentication"]);
  });
  it.each(["a/b", "a b", "ä", "A", "-a", "x".repeat(64)])("rejects the name %s", (name) => {
    expect(missing(formOf({ route: "/a", upstream: "http://a", auth: "public" }), name)).toHaveProperty(
      "name",
    );
  });
  it.each([
    ["agents/refunds", "http://a", "path", "/agents/refunds"],
    ["/a", "localhost:19000", "upstream", "http://localhost:19000"],
    ["/a", "ftp://a", "upstream", "http://a"],
  ] as const)("says how to write %s and %s", (route, upstream, field, better) => {
    const form = formOf({ route, upstream, auth: "public" });
    expect(missing(form, "a")[field]).toContain(better);
  });
  it.each(["http://a", "https://a/b", "srv+https://a", "unix:/run/agent.sock"])(
    "accepts the upstream %s",
    (upstream) => {
      expect(missing(formOf({ route: "/a", upstream, auth: "public" }), "a")).toEqual({});
    },
  );
  it("says what is missing of a protocol, and only of the one that is spoken", () => {
    const twice = {
      unlisted: "deny",
      rows: [1, 2].map(() => ({ kind: "tools", name: "a", access: "deny", scopes: [], written: null })),
    };
    const wrong = { endpoint: "mcp", cardFrom: "file", cardFile: "", mcpRules: twice } as const;
    const said = (protocol: AgentProtocol) => {
      const form = formOf({ route: "/a", upstream: "http://a", auth: "public" });
      return Object.keys(missing({ ...form, ...wrong, protocol } as AgentForm, "a")).sort();
    };
    expect([said("http"), said("mcp"), said("a2a")]).toEqual([[], ["endpoint", "mcpRules"], ["cardFile"]]);
  });
  it("requires a provider for OAuth only", () => {
    const form = formOf({ route: "/a", upstream: "http://a", auth: { oauth: {} } });
    expect(missing(form, "a")).toHaveProperty("providers");
    expect(missing({ ...form, authentication: "api_key" }, "a")).toEqual({});
  });
});
