// The gateway's findings about a configuration, each with its place and its advice.
import type { Diagnostic } from "../api/types";
import css from "./Findings.module.css";
import { Mark } from "./Mark";
import { Said } from "./Said";

/** A configuration of many agents can have a warning for each. */
const SHOWN = 20;

export function Findings({ findings }: { findings: Diagnostic[] }) {
  return (
    <ul className={css.list}>
      {findings.slice(0, SHOWN).map((finding, index) => (
        <li key={index}>
          <div>
            <Mark tone={finding.severity === "error" ? "bad" : "warn"}>{finding.severity}</Mark>{" "}
            {finding.resource && <code>{finding.resource}</code>} <Said text={finding.message} />
          </div>
          {finding.help && (
            <div>
              <Said text={finding.help} />
            </div>
          )}
          <div className={css.place}>
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
      {findings.length > SHOWN && (
        <li className="dim">and {(findings.length - SHOWN).toLocaleString("en")} more</li>
      )}
    </ul>
  );
}
