// The checks that a credential went through, in order, each with what it found and what it expected.
import type { Check, Explanation } from "../api/schemas";
import { Mark } from "../parts/Mark";
import { Notice } from "../parts/Notice";
import { MessageText } from "../parts/MessageText";
import { CallerResponse } from "./CallerResponse";
import { Ruled } from "./Ruled";
import { ShownCertificate } from "./ShownCertificate";
import { StreamEnding } from "./StreamEnding";
import css from "./WhyRefused.module.css";
import { meaning } from "./reasons";

export function Explained({ explanation }: { explanation: Explanation }) {
  const { title, means } = meaning(explanation.reason);
  const allowed = explanation.decision === "allow";
  return (
    <div data-testid="explanation">
      <Notice
        tone={allowed ? "ok" : "bad"}
        title={
          allowed
            ? "Allowed"
            : `${explanation.decision === "shadow_deny" ? "Would be refused" : "Refused"}: ${title}`
        }
      >
        <p>{means}</p>
        <p className="small">
          <code>{explanation.reason}</code>
          {!allowed && <>, the caller gets status {explanation.status}</>}
          {explanation.provider && <>, identity provider {explanation.provider}</>}
        </p>
      </Notice>
      {explanation.operation && <Ruled operation={explanation.operation} />}
      <ol className={css.checks} aria-label="Checks, in order">
        {explanation.checks.map((check, index) => (
          <CheckRow key={index} check={check} />
        ))}
      </ol>
      <ShownCertificate explanation={explanation} />
      <StreamEnding explanation={explanation} />
      <CallerResponse explanation={explanation} />
    </div>
  );
}

function CheckRow({ check }: { check: Check }) {
  const reached = check.ok !== null;
  return (
    <li className={css.check} data-state={reached ? (check.ok ? "passed" : "failed") : "open"}>
      <div className={css.checkHead}>
        <Mark tone={reached ? (check.ok ? "ok" : "bad") : "plain"}>
          {reached ? (check.ok ? "passed" : "failed") : "not reached"}
        </Mark>
        <strong>{check.check}</strong>
      </div>
      {(check.seen !== null || check.wanted !== null) && (
        <dl className={css.values}>
          <dt>Found</dt>
          <dd>{check.seen === null ? <span className="dim">nothing</span> : <code>{check.seen}</code>}</dd>
          <dt>Expected</dt>
          <dd>{check.wanted === null ? <span className="dim">–</span> : <code>{check.wanted}</code>}</dd>
        </dl>
      )}
      {check.fix && (
        <p className={css.fix}>
          <strong>Nearest fix:</strong> <MessageText text={check.fix} />
        </p>
      )}
    </li>
  );
}
