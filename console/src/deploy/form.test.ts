import { describe, expect, it } from "vitest";
import type { JsonObject } from "../api/schemas";
import { formOf, rebase, specOf } from "./form";
import { PLAIN, labelOf } from "./plain";

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
    ["an assertion of defaults", { route: "/a", upstream: "http://a", auth: "public", assertion: {} }],
    [
      "an assertion whose algorithm is written out",
      { route: "/a", upstream: "http://a", auth: "public", assertion: { alg: "ES256", claims: ["sub"] } },
    ],
    [
      "an assertion of another algorithm",
      { route: "/a", upstream: "http://a", auth: "public", assertion: { alg: "EdDSA" } },
    ],
    [
      "an assertion with what the form does not know",
      { route: "/a", upstream: "http://a", auth: "public", assertion: { later: 1, claims: ["sub"] } },
    ],
    ["a preset of cors", { route: "/a", upstream: "http://a", auth: "public", cors: "mcp" }],
    ["a preset in cors", { route: "/a", upstream: "http://a", auth: "public", cors: { preset: "mcp" } }],
    [
      "every way to reach and be reached",
      {
        route: { path: "/a", host: "a.example.org", hosts: ["*.example.com"], methods: ["GET", "POST"] },
        upstream: {
          url: "unix:/run/agent.sock",
          host: "preserve",
          set_headers: { Authorization: "Bearer ${AGENT_TOKEN}", "X-Key": { file: "key" } },
          response_timeout: "60s",
          stream_idle_timeout: "off",
          idle_timeout: "30s",
        },
        auth: {
          oauth: {
            identity_providers: ["x"],
            also: [{ cookie: "session" }, "websocket_protocol", { query: "access_token" }],
            forward_token: { header: "X-Forwarded-Authorization", scheme: "keep" },
            audience_claim: "client_id",
            sender_constraint: { cnf: "ignore" },
            claims: { any_of: [{ claim: "roles", keys_of: true, values: ["admin", "repo:org/*"] }] },
            claim_header_text: "rfc8187",
          },
        },
        max_in_flight: 10,
      },
    ],
    [
      "bound tokens, and settings of them that the form does not show",
      {
        route: "/a",
        upstream: "http://a",
        auth: {
          oauth: {
            identity_providers: ["x"],
            sender_constraint: {
              dpop: "optional",
              mtls: "off",
              any_of: ["mtls", "dpop"],
              algorithms: ["ES256"],
              max_age: "1m",
              nonce: { mode: "required", age: "10s", key_file: "nonce.key" },
              replay_entries: 1000,
              cnf: "refuse",
              later: [1],
            },
          },
        },
      },
    ],
    [
      "login, client and actor, and a setting of them that the form does not show",
      {
        route: "/a",
        upstream: "http://a",
        auth: {
          oauth: {
            identity_providers: ["x"],
            require: {
              acr_values: ["urn:gold"],
              max_auth_age: "15m",
              amr_any: ["otp"],
              token_profile: "any",
              clients: { allow: ["web", "https://apps.example.com/*"], deny: [] },
              actor: {
                allow: [{ issuer: "https://idp.example.com", sub: "bot" }],
                max_depth: 3,
                required: true,
              },
              later: [1],
            },
          },
        },
      },
    ],
    [
      "actors of whom nothing is said but that there may be some",
      {
        route: "/a",
        upstream: "http://a",
        auth: { oauth: { identity_providers: ["x"], require: { actor: {} } } },
      },
    ],
    [
      "targets, in both forms, and how they are chosen",
      {
        route: "/a",
        upstream: {
          targets: [
            "http://10.0.0.1:9000",
            { url: "http://10.0.0.2:9000", weight: 0, zone: "b", later: [1] },
            { url: "http://10.0.0.3:9000" },
          ],
          balance: "round_robin",
          hash: "principal",
          health: { path: "/healthz", status: "200-299" },
          eject: { failures: 3, max_share: "50%", on: ["connect", 503] },
          retry: { methods: ["GET"], budget: "20%" },
        },
        auth: "public",
      },
    ],
    [
      "limits, and a setting of one that the form does not show",
      {
        route: "/a",
        upstream: "http://a",
        auth: "public",
        limits: [
          { name: "a", per: "principal", scope: "agent", rate: "100/1m", burst: 20, counting: "local_share" },
          { name: "b", per: "claim:tenant.id", scope: "everywhere", concurrent: 4, enforcement: "shadow" },
          { name: "c", per: "address", scope: "agent", rate: "20/1m", count: "failed", later: true },
          { name: "d", per: "later", scope: "agent", rate: "1/1s", enforcement: "enforce" },
        ],
      },
    ],
    ["no limits, written out", { route: "/a", upstream: "http://a", auth: "public", limits: [] }],
    [
      "a key with a prefix",
      { route: "/a", upstream: "http://a", auth: { api_key: { header: "Authorization", prefix: "Bearer" } } },
    ],
    [
      "MCP with rules, and settings that the form does not show",
      {
        route: "/a",
        upstream: "http://a",
        auth: {
          oauth: { identity_providers: ["x"], audience: "custom", audiences: ["api://a"], i_know: ["y"] },
        },
        public_url: "https://agents.example.com",
        protocol: "mcp",
        mcp: {
          endpoint: "/",
          resource_name: "Tools",
          documentation: "https://docs.example.com",
          scopes_supported: ["a"],
          allowed_origins: "*",
          max_message: "2MiB",
          listing: "permitted",
          max_list: "1MiB",
          session_key_file: "key",
          later: { deep: [1] },
          rules: {
            unlisted: "deny",
            methods: { initialize: "public" },
            tools: { "b*": {}, a: { claims: { all_of: [{ claim: "role", values: ["root"] }] } } },
            later: { "x*": "allow" },
          },
        },
      },
    ],
    [
      "MCP with empty blocks",
      { route: "/a", upstream: "http://a", auth: "public", protocol: "mcp", mcp: {} },
    ],
    [
      "A2A with rules, and settings that the form does not show",
      {
        route: "/a",
        upstream: "http://a",
        auth: "public",
        protocol: "a2a",
        a2a: {
          card: { file: "card.json", later: 1 },
          signatures: "resign",
          rules: {
            unlisted: "allow",
            operations: { SendMessage: { scopes: { any_of: ["a"] } }, "Get*": "allow" },
          },
          push: { allow_hosts: ["hooks.example.com"] },
          max_message: "1MiB",
          later: [1],
        },
      },
    ],
    [
      "a card that is written out",
      { route: "/a", upstream: "http://a", auth: "public", protocol: "a2a", a2a: { card: "rewrite" } },
    ],
    ["HTTP that is written out", { route: "/a", upstream: "http://a", auth: "public", protocol: "http" }],
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

const plainly = (change: Record<string, string>) => {
  const form = formOf(FULL);
  return { ...form, plain: { ...form.plain, ...change } };
};

describe("a plain setting follows from what the API says of it", () => {
  it.each(PLAIN.map(({ pointer }) => pointer))(
    "%s is in the form, and back at its default leaves no trace",
    (pointer) => {
      // The settings of a protocol are those of an agent that speaks it.
      const spoken = /^\/(mcp|a2a)\//.exec(pointer)?.[1];
      const bare: JsonObject = { route: "/a", upstream: "http://a", auth: "public" };
      if (spoken) bare.protocol = spoken;
      const setting = PLAIN.find((one) => one.pointer === pointer)!;
      const other = {
        switch: String(!("usual" in setting && setting.usual)),
        choice: "words" in setting ? setting.words[0]! : "",
        count: "7",
        text: "7s",
      };
      const form = formOf(bare);
      const set = specOf({ ...form, plain: { ...form.plain, [pointer]: other[setting.kind] } }, bare);
      expect(set).not.toEqual(bare);
      expect(formOf(set).plain[pointer]).toBe(other[setting.kind]);
      const usual = setting.kind === "switch" ? String(setting.usual) : "";
      const back = specOf({ ...formOf(set), plain: { ...formOf(set).plain, [pointer]: usual } }, set);
      expect(formOf(back)).toEqual(form);
      expect(back).not.toEqual(set);
    },
  );
  it("a switch that stands at its default stays there unless it is moved", () => {
    expect(specOf(plainly({ "/max_body": "10MiB" }), FULL)).toHaveProperty("websocket", true);
    expect(specOf(plainly({ "/websocket": "false" }), FULL)).toHaveProperty("websocket", false);
  });
  it("two people can change one each", () => {
    const from = formOf(FULL);
    const theirs = plainly({ "/max_body": "1MiB" });
    expect(rebase(plainly({ "/max_in_flight": "5" }), from, theirs).plain).toMatchObject({
      "/max_body": "1MiB",
      "/max_in_flight": "5",
    });
  });
});

it.each([
  ["/upstream/connect_timeout", "Connect timeout"],
  ["/streams/on_policy_change", "Streams on policy change"],
  ["/websocket", "WebSocket"],
  ["/max_in_flight", "Max in flight"],
])("the field of %s is called %s", (pointer, label) => expect(labelOf(pointer)).toBe(label));

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

  it("removes a setting that is set back to its default", () => {
    const edited = specOf({ ...formOf(FULL), prefix: "Bearer", audiences: [] }, FULL);
    const oauth = (edited.auth as JsonObject).oauth as JsonObject;
    expect(oauth).not.toHaveProperty("prefix");
    expect(oauth).not.toHaveProperty("audiences");
    expect(oauth).toHaveProperty("header", "Authorization");
  });

  it("removes cors with its last origin", () => {
    expect(specOf({ ...formOf(FULL), corsOrigins: [] }, FULL)).not.toHaveProperty("cors");
  });

  it("writes a new agent as briefly as a person would", () => {
    const form = { ...formOf({}), path: " /a ", upstream: "http://a", authentication: "public" as const };
    expect(specOf(form, {})).toEqual({ route: "/a", upstream: "http://a", auth: "public" });
  });

  it("keeps the headers that are set for an agent when others change, and never shows them", () => {
    const spec: JsonObject = {
      route: "/a",
      upstream: { url: "http://a", set_headers: { A: "secret", B: { file: "b" } } },
      auth: "public",
    };
    const form = formOf(spec);
    expect(JSON.stringify(form)).not.toContain("secret");
    const rows = [...form.setHeaders.slice(0, 1), { name: "C", value: "new", file: "" }];
    expect(specOf({ ...form, setHeaders: rows }, spec).upstream).toEqual({
      url: "http://a",
      set_headers: { A: "secret", C: "new" },
    });
  });

  it("writes one host as `host`, and several or a wildcard among them as `hosts`", () => {
    const spec: JsonObject = { route: "/a", upstream: "http://a", auth: "public" };
    const hosts = (...hosts: string[]) => specOf({ ...formOf(spec), hosts }, spec).route;
    expect(hosts("a.example.org")).toEqual({ path: "/a", host: "a.example.org" });
    expect(hosts("a.example.org", "*.example.com")).toEqual({
      path: "/a",
      hosts: ["a.example.org", "*.example.com"],
    });
    expect(hosts()).toBe("/a");
  });

  it("forwards the token in another header, in the same one, or not", () => {
    const of = (change: object) =>
      (specOf({ ...formOf(FULL), ...change }, FULL).auth as { oauth: JsonObject }).oauth.forward_token;
    expect(of({ forwardToken: true })).toBe(true);
    expect(of({ forwardToken: true, forwardHeader: "X-T" })).toEqual({ header: "X-T" });
    expect(of({ forwardToken: true, forwardHeader: "X-T", forwardScheme: "strip" })).toEqual({
      header: "X-T",
      scheme: "strip",
    });
  });

  it("writes who may come, and after what login, as briefly as a person would", () => {
    const spec: JsonObject = {
      route: "/a",
      upstream: "http://a",
      auth: { oauth: { identity_providers: ["x"], require: { actor: { allow: [], required: true } } } },
    };
    const form = {
      ...formOf(spec),
      acrValues: ["urn:gold"],
      maxAuthAge: " 15m ",
      clientsDeny: ["old"],
      actors: [
        { issuer: " https://idp.example.com ", sub: "bot" },
        { issuer: "", sub: "" },
      ],
      actorDepth: "2",
      actorRequired: false,
    };
    expect(specOf(form, spec).auth).toEqual({
      oauth: {
        identity_providers: ["x"],
        require: {
          acr_values: ["urn:gold"],
          max_auth_age: "15m",
          clients: { deny: ["old"] },
          actor: { allow: [{ issuer: "https://idp.example.com", sub: "bot" }], max_depth: 2 },
        },
      },
    });
    const none = { ...formOf(spec), actors: [], actorRequired: false };
    expect(specOf(none, spec).auth).toEqual({
      oauth: { identity_providers: ["x"], require: { actor: { allow: [] } } },
    });
  });

  it("writes a limit as a number", () => {
    expect(specOf(plainly({ "/max_in_flight": "10" }), FULL)).toHaveProperty("max_in_flight", 10);
  });

  it("does not touch what it was given", () => {
    const before = structuredClone(FULL);
    specOf({ ...formOf(FULL), displayName: "x", scopesAny: [], claimsAll: [] }, FULL);
    expect(FULL).toEqual(before);
  });
});

describe("what an agent speaks", () => {
  const MCP: JsonObject = {
    route: "/a",
    upstream: "http://a",
    auth: "public",
    protocol: "mcp",
    mcp: { max_message: "2MiB", rules: { unlisted: "deny", tools: { a: "public" } } },
  };
  const change = (part: object, spec: JsonObject = MCP) => specOf({ ...formOf(spec), ...part }, spec);

  it("takes the block of the protocol that it leaves with it, and brings it back", () => {
    expect(change({ protocol: "http" })).toEqual({ route: "/a", upstream: "http://a", auth: "public" });
    expect(change({ protocol: "a2a" })).toEqual({
      route: "/a",
      upstream: "http://a",
      auth: "public",
      protocol: "a2a",
    });
    const back = { ...formOf(MCP), protocol: "a2a" as const };
    expect(specOf({ ...back, protocol: "mcp" }, MCP)).toEqual(MCP);
  });

  it("leaves no setting of a protocol that was typed before it was left", () => {
    const form = formOf(MCP);
    const typed = {
      ...form,
      plain: { ...form.plain, "/mcp/max_message": "3MiB" },
      protocol: "http" as const,
    };
    expect(specOf(typed, MCP)).not.toHaveProperty("mcp");
  });

  it("keeps rules to the letter when something else of MCP changes", () => {
    expect(change({ endpoint: "/x", scopesSupported: ["a"] })).toEqual({
      ...MCP,
      mcp: { ...(MCP.mcp as JsonObject), endpoint: "/x", scopes_supported: ["a"] },
    });
  });

  it("writes a card from a file, and no card that is the default", () => {
    const a2a: JsonObject = { route: "/a", upstream: "http://a", auth: "public", protocol: "a2a" };
    const filed = change({ cardFrom: "file", cardFile: " c.json " }, a2a);
    expect(filed.a2a).toEqual({ card: { file: "c.json" } });
    const open = {
      kind: "operations",
      name: "GetTask",
      access: "public",
      scopes: [],
      written: null,
    } as const;
    const ruled = change({ a2aRules: { unlisted: "deny", rows: [open] } }, a2a);
    expect(ruled.a2a).toEqual({ rules: { unlisted: "deny", operations: { GetTask: "public" } } });
    expect(change({ cardFrom: "rewrite" }, filed)).toEqual(a2a);
  });
});

describe("a preset of CORS", () => {
  const bare: JsonObject = { route: "/a", upstream: "http://a", auth: "public" };
  const cors = (change: object, spec: JsonObject = bare) => specOf({ ...formOf(spec), ...change }, spec).cors;
  it("is a word alone, and a member beside others", () => {
    expect(cors({ corsPreset: "mcp" })).toBe("mcp");
    expect(cors({ corsPreset: "mcp", corsOrigins: ["https://a"] })).toEqual({
      preset: "mcp",
      allowed_origins: ["https://a"],
    });
    expect(cors({ corsOrigins: ["https://a"] }, { ...bare, cors: "mcp" })).toEqual({
      preset: "mcp",
      allowed_origins: ["https://a"],
    });
  });
  it("goes when it is taken away", () => {
    expect(cors({ corsPreset: "" }, { ...bare, cors: "mcp" })).toBeUndefined();
    expect(cors({ corsPreset: "" }, { ...bare, cors: { preset: "mcp" } })).toBeUndefined();
  });
});

it("keeps my changes and the newest settings for the rest", () => {
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
