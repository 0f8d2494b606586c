import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../api/schemas";
import {
  MCP_KINDS,
  type OperationRule,
  readOperationRules,
  saysMore,
  twice,
  writeOperationRules,
} from "./operationRules";

const RULES: JsonObject = {
  unlisted: "deny",
  methods: { initialize: "public", "tasks/*": "deny" },
  tools: {
    search: "public",
    "read_*": "allow",
    empty: {},
    "write_*": { scopes: { all_of: ["write"] } },
    either: { scopes: { any_of: ["a", "b"] } },
    admin: { claims: { all_of: [{ claim: "role", values: ["root"] }] } },
    later: { scopes: { all_of: ["x"] }, unheard_of: 1 },
  },
  resources: { "file:///public/*": "allow" },
  prompts: {},
  unheard_of: [1],
};

const edited = (change: (rows: OperationRule[]) => OperationRule[], from: Json = RULES) => {
  const form = readOperationRules(from, MCP_KINDS);
  return writeOperationRules({ ...form, rows: change(form.rows) }, from, MCP_KINDS) as JsonObject;
};

const row = (over: Partial<OperationRule>): OperationRule => ({
  kind: "tools",
  name: "new",
  access: "allow",
  scopes: [],
  written: null,
  ...over,
});

it("leaves rules alone that were read and not changed", () => {
  for (const rules of [RULES, { unlisted: "allow" }, undefined])
    expect(writeOperationRules(readOperationRules(rules, MCP_KINDS), rules, MCP_KINDS)).toEqual(rules);
});

describe("a change of one rule", () => {
  it("keeps the others to the letter, with what no row shows", () => {
    const rules = edited((rows) =>
      rows.map((one) => (one.name === "search" ? { ...one, access: "deny" } : one)),
    );
    expect(rules).toEqual({ ...RULES, tools: { ...(RULES.tools as JsonObject), search: "deny" } });
  });

  it("keeps what a block says besides its scopes", () => {
    const scoped = (rows: OperationRule[]) =>
      rows.map((one) => (one.name === "later" || one.name === "either" ? { ...one, scopes: ["y"] } : one));
    expect(edited(scoped).tools).toMatchObject({
      later: { scopes: { all_of: ["y"] }, unheard_of: 1 },
      either: { scopes: { all_of: ["y"], any_of: ["a", "b"] } },
    });
  });

  it("keeps the order in which rules are written", () => {
    const rules = edited((rows) => [...rows, row({})]);
    expect(Object.keys(rules.tools as JsonObject)).toEqual([
      ...Object.keys(RULES.tools as JsonObject),
      "new",
    ]);
  });
});

it("writes a row of each kind as a person would", () => {
  const rows = [
    row({ name: " a ", access: "deny" }),
    row({ name: "b", access: "block", scopes: ["s"] }),
    row({ name: "", access: "deny" }),
    row({ kind: "methods", name: "initialize", access: "public" }),
  ];
  expect(writeOperationRules({ unlisted: "deny", rows }, undefined, MCP_KINDS)).toEqual({
    unlisted: "deny",
    tools: { a: "deny", b: { scopes: { all_of: ["s"] } } },
    methods: { initialize: "public" },
  });
  expect(writeOperationRules({ unlisted: null, rows }, RULES, MCP_KINDS)).toBeUndefined();
});

it("says which blocks hold more than it shows", () => {
  const more = readOperationRules(RULES, MCP_KINDS).rows.filter(saysMore);
  expect(more.map((one) => one.name)).toEqual(["either", "admin", "later"]);
});

it("finds a name that two rows of one kind have", () => {
  const rows = [row({}), row({ kind: "prompts" }), row({ name: "" }), row({ name: "" })];
  expect(twice({ unlisted: "deny", rows })).toBeUndefined();
  expect(twice({ unlisted: "deny", rows: [...rows, row({ name: "new " })] })?.name).toBe("new ");
});
