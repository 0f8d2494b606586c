// What a probe found: the issuer, the keys, their algorithms, and the problems.
import type { ReactNode } from "react";
import type { Probe } from "../api/schemas";
import { Mark } from "../parts/Mark";
import { Notice } from "../parts/Notice";
import { MessageText } from "../parts/MessageText";
import { plural } from "../parts/format";
import css from "./ProviderPage.module.css";

interface Props {
  probe: Probe;
  /** The issuer in the form now. */
  typed: string;
  children?: ReactNode;
}

export function ProbeResult({ probe, typed, children }: Props) {
  const stale = probe.issuer !== typed;
  return (
    <div data-testid="probe" role="status">
      <Notice
        tone={probe.ok ? "ok" : "bad"}
        title={probe.ok ? `Found ${plural(probe.keys.length, "key")}` : "The probe found problems"}
      >
        {stale && (
          <p className="dim">This result is for the issuer {probe.issuer}. Probe again for the new one.</p>
        )}
        {probe.problems.length > 0 && (
          <ul className={css.problems}>
            {probe.problems.map((problem, index) => (
              <li key={index}>
                <MessageText text={inWordsOfTheForm(problem.message)} />
                {problem.help && (
                  <div className="dim">
                    <MessageText text={inWordsOfTheForm(problem.help)} />
                  </div>
                )}
              </li>
            ))}
          </ul>
        )}
        {children}
        <dl className="facts">
          <dt>Issuer</dt>
          <dd>
            <code>{probe.issuer}</code>
          </dd>
          {probe.metadata_url && (
            <>
              <dt>Metadata</dt>
              <dd>
                <code>{probe.metadata_url}</code>
              </dd>
            </>
          )}
          {probe.jwks_uri && (
            <>
              <dt>Key set</dt>
              <dd>
                <code>{probe.jwks_uri}</code>
              </dd>
            </>
          )}
          {probe.token_endpoint && (
            <>
              <dt>Token endpoint</dt>
              <dd>
                <code>{probe.token_endpoint}</code>
              </dd>
            </>
          )}
          {probe.algorithms.length > 0 && (
            <>
              <dt>Algorithms</dt>
              <dd>{probe.algorithms.join(", ")}</dd>
            </>
          )}
        </dl>
        {probe.keys.length > 0 && (
          <ul className={css.keys} aria-label="Keys found">
            {probe.keys.map((key, index) => (
              <li key={index}>
                <code>{key.kid ?? "no kid"}</code> <span className="dim">{key.algorithms.join(", ")}</span>
              </li>
            ))}
          </ul>
        )}
        {probe.skipped.length > 0 && (
          <ul className={css.keys} aria-label="Keys skipped">
            {probe.skipped.map((skipped, index) => (
              <li key={index}>
                <Mark tone="warn">skipped</Mark> <code>{skipped.key}</code> {skipped.reason}
              </li>
            ))}
          </ul>
        )}
      </Notice>
    </div>
  );
}

/** The gateway's messages name keys of the configuration; the form has labels for them. */
function inWordsOfTheForm(said: string): string {
  return said
    .replace(/`?\bjwks_uri\b`?/g, "“JWKS URL”")
    .replace(/`?\bpublic_key\b`?/g, "“PEM”")
    .replace(/`?\binsecure_http\b`?/g, "“Fetch keys over plain HTTP”")
    .replace(/`?\bca_file\b`?/g, "“CA file”");
}
