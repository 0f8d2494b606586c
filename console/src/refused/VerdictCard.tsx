// One decision in full: its outcome and reason, what the failed check found and expected, the fix, the request, and
// the caller.
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { WholeDecision } from "../api/schemas";
import { CopyButton } from "../parts/CopyButton";
import { Mark } from "../parts/Mark";
import { MessageText } from "../parts/MessageText";
import { Timestamp } from "../parts/Time";
import css from "./WhyRefused.module.css";
import { upstreamMeaning, wordOf } from "./outcome";
import { meaning } from "./reasons";
import type { Verdict } from "./verdict";

export function VerdictCard({ verdict, id }: { verdict: Verdict; id: string }) {
  const { tone, word } = wordOf(verdict);
  const { title, means, todo } = meaning(verdict.reason);
  const failed = verdict.decision === "allow" ? upstreamMeaning(verdict.status) : null;
  // What a refused caller claims is not verified, even where the gateway does not list it.
  const unverified = (member: WholeDecision["unverified"][number]) =>
    verdict.unverified?.includes(member) ?? verdict.decision !== "allow";
  return (
    <div data-testid="verdict">
      <p className={css.verdict}>
        <Mark tone={tone}>{word}</Mark> <strong>{verdict.reason === "ok" ? "" : title}</strong>{" "}
        {verdict.status !== null && <span className="dim">status {verdict.status}</span>}
      </p>
      <p>{failed ?? means}</p>
      {(verdict.seen !== null || verdict.wanted !== null) && (
        <dl className={css.values} data-testid="seen-wanted">
          {verdict.check && <Row name="Check">{verdict.check}</Row>}
          <Row name="Found">
            {verdict.seen === null ? <span className="dim">nothing</span> : <code>{verdict.seen}</code>}{" "}
            {verdict.seen !== null && unverified("seen") && <NotVerified />}
          </Row>
          <Row name="Expected">
            {verdict.wanted === null ? <span className="dim">–</span> : <code>{verdict.wanted}</code>}
          </Row>
        </dl>
      )}
      {(verdict.fix !== null || verdict.decision !== "allow") && (
        <p className={css.fix}>
          <strong>What to do:</strong> <MessageText text={verdict.fix ?? todo} />
        </p>
      )}
      <dl className={css.values}>
        <Row name="Request">
          <code>
            {verdict.method} {verdict.path}
          </code>
        </Row>
        {verdict.operation?.method && (
          <Row name="Operation">
            <code>
              {verdict.operation.method} {verdict.operation.name}
            </code>
          </Row>
        )}
        <Row name="Time">
          <Timestamp at={verdict.time} none="unknown" />
        </Row>
        <Row name="Agent">
          {verdict.agent ? (
            <Link to={`/agents/${encodeURIComponent(verdict.agent)}`} className="link">
              {verdict.agent}
            </Link>
          ) : (
            <span className="dim">none</span>
          )}
        </Row>
        {verdict.remote && (
          <Row name="Address">
            <code>{verdict.remote}</code>
          </Row>
        )}
        {verdict.key_id && (
          <Row name={verdict.auth_method === "api_key" ? "API key" : "Signing key"}>
            {verdict.key_name} <code>{verdict.key_id}</code>
          </Row>
        )}
        {verdict.client_id && (
          <Row name="Client">
            <code>{verdict.client_id}</code> {unverified("client_id") && <NotVerified />}
          </Row>
        )}
        {verdict.provider && (
          <Row name="Provider">
            <Link to={`/identity-providers/${encodeURIComponent(verdict.provider)}`} className="link">
              {verdict.provider}
            </Link>
          </Row>
        )}
        {CLAIMS.map(
          (claim) =>
            verdict[claim] && (
              <Row key={claim} name={claim}>
                <code>{verdict[claim]}</code> {unverified(claim) && <NotVerified />}
              </Row>
            ),
        )}
        <Row name="Reason">
          <code>{verdict.upstream_error ?? verdict.reason}</code>
        </Row>
        <Row name="Request ID">
          <code>{id}</code> <CopyButton text={id} what="the request ID" />
        </Row>
      </dl>
    </div>
  );
}

function NotVerified() {
  return (
    <Mark tone="plain" title="The caller sent this; the gateway did not verify it.">
      not verified
    </Mark>
  );
}

const CLAIMS = ["iss", "aud", "kid"] as const;

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
