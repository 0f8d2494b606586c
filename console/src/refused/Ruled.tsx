// What the rules by operation said of a message: the one that decided, then each that applies.
import type { RuledOperation } from "../api/schemas";
import { Mark } from "../parts/Mark";
import css from "./WhyRefused.module.css";
import { OUTCOMES, deciding, operationOf } from "./ruled";

export function Ruled({ operation }: { operation: RuledOperation }) {
  const decided = deciding(operation.rules);
  return (
    <div className={css.ruled} data-testid="ruled">
      <p>
        <code>{operationOf(operation)}</code>:{" "}
        {decided ? (
          <>
            <code>{decided.setting}</code> {OUTCOMES[decided.outcome]}.
          </>
        ) : (
          "no rule is needed; the agent’s own auth decides."
        )}
      </p>
      {operation.rules.length > 0 && (
        <ul className={css.rules} aria-label="Rules that apply">
          {operation.rules.map((rule, index) => (
            <li key={index}>
              <Mark tone={rule.outcome === "public" || rule.outcome === "permitted" ? "ok" : "bad"}>
                {rule.outcome.replace("_", " ")}
              </Mark>{" "}
              <code>{rule.setting}</code> <span className="dim">says</span> {rule.says}
            </li>
          ))}
        </ul>
      )}
      {operation.scopes && (
        <p className="small">
          Scopes that it needs in all: <code>{operation.scopes}</code>
        </p>
      )}
    </div>
  );
}
