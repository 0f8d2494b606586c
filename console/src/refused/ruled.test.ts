import { expect, it } from "vitest";
import type { AppliedRule } from "../api/schemas";
import { deciding, operationOf } from "./ruled";

const rule = (setting: string, outcome: AppliedRule["outcome"]): AppliedRule => ({
  setting,
  says: "deny",
  outcome,
});

it.each([
  [[], null],
  [[rule("a", "public")], "a"],
  [[rule("a", "permitted"), rule("b", "public")], "a"],
  [[rule("a", "permitted"), rule("b", "step_up"), rule("c", "permitted")], "b"],
  [[rule("a", "step_up"), rule("b", "denied")], "b"],
  [[rule("a", "denied"), rule("b", "denied")], "a"],
  [[rule("a", "not_judged"), rule("b", "permitted")], "a"],
])("of %j the strongest decides", (rules, setting) => expect(deciding(rules)?.setting ?? null).toBe(setting));

it("an operation is its method and what it is about", () => {
  const rules: AppliedRule[] = [];
  expect(operationOf({ method: "tools/call", names: ["x"], rules, scopes: null })).toBe("tools/call x");
  expect(operationOf({ method: "", names: [], rules, scopes: null })).toBe("a response");
});
