// The gateway's findings about a configuration, each with its location and its help: errors first, the rest collapsed
// when there are errors.
import { useState } from "react";
import type { Diagnostic } from "../api/schemas";
import css from "./Findings.module.css";
import { Mark, type MarkTone } from "./Mark";
import { MessageText } from "./MessageText";
import { plural } from "./format";

/** A configuration of many agents can have a warning for each; this many fit on two screens. */
const SHOWN = 20;

const TONES: Record<Diagnostic["severity"], MarkTone> = { error: "bad", warning: "warn", note: "note" };

/** A finding of this gateway, or of another whose version may have codes of its own. */
type Finding = Omit<Diagnostic, "code"> & { code: string };

export function Findings({ findings }: { findings: Finding[] }) {
  const { errors, rest } = split(findings);
  if (errors.length === 0) return <List findings={rest} />;
  return (
    <>
      <List findings={errors} />
      {rest.length > 0 && (
        <details className={css.rest}>
          <summary>{plural(rest.length, "warning or note", "warnings and notes")}</summary>
          <List findings={rest} />
        </details>
      )}
    </>
  );
}

/** The errors, and the rest with warnings before notes. */
export function split(findings: Finding[]): { errors: Finding[]; rest: Finding[] } {
  const of = (severity: Diagnostic["severity"]) => findings.filter((one) => one.severity === severity);
  return { errors: of("error"), rest: [...of("warning"), ...of("note")] };
}

function List({ findings }: { findings: Finding[] }) {
  const [all, setAll] = useState(false);
  const more = findings.length - SHOWN;
  return (
    <ul className={css.list}>
      {findings.slice(0, all ? undefined : SHOWN).map((finding, index) => (
        <li key={index}>
          <div>
            <Mark tone={TONES[finding.severity]}>{finding.severity}</Mark>{" "}
            {finding.resource && <code>{finding.resource}</code>} <MessageText text={finding.message} />
          </div>
          {finding.help && (
            <div>
              <MessageText text={finding.help} />
            </div>
          )}
          <div className={css.location}>
            {finding.path && <code>{finding.path}</code>}{" "}
            {finding.file && (
              <code>
                {finding.file}
                {finding.line > 0 && `:${finding.line}:${finding.column}`}
              </code>
            )}{" "}
            <code>[{finding.code}]</code>
          </div>
        </li>
      ))}
      {more > 0 && !all && (
        <li>
          <button type="button" className={css.more} onClick={() => setAll(true)}>
            Show {more.toLocaleString("en")} more
          </button>
        </li>
      )}
    </ul>
  );
}
