// What the rules by operation said of a message, in words.
import type { AppliedRule, RuledOperation } from "../api/schemas";

type Outcome = AppliedRule["outcome"];

/** From the weakest to the strongest: of several rules the strongest decides. */
const STRENGTH: readonly Outcome[] = ["public", "permitted", "not_judged", "step_up", "denied"];

export const OUTCOMES: Record<Outcome, string> = {
  public: "open to everybody",
  permitted: "permits this caller",
  not_judged: "not judged: the agent’s own auth does not admit this caller",
  step_up: "asks for a scope that this caller lacks",
  denied: "denies it to this caller",
};

/** The rule that decided; `null` where none applies. */
export function deciding(rules: readonly AppliedRule[]): AppliedRule | null {
  const strength = (rule: AppliedRule) => STRENGTH.indexOf(rule.outcome);
  return rules.reduce<AppliedRule | null>(
    (strongest, rule) => (strongest && strength(strongest) >= strength(rule) ? strongest : rule),
    null,
  );
}

/** The method and what it is about. */
export const operationOf = ({ method, names }: RuledOperation): string =>
  [method || "a response", ...names].join(" ");
