// An error of the API: its message, its findings, the agents and gateways that it names, and what helps.
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { ApiError, sentence } from "../api/client";
import { CommitLookup } from "./CommitLookup";
import { Findings } from "./Findings";
import { Notice } from "./Notice";
import { MessageText } from "./MessageText";
import { Timestamp } from "./Time";
import { adviceOn } from "./advice";

interface Props {
  error: unknown;
  /** What could not be done. */
  title?: string;
  onRetry?: () => void;
  children?: ReactNode;
}

export function ErrorNotice({ error, title, onRetry, children }: Props) {
  const refusal = error instanceof ApiError ? error : null;
  return (
    <Notice tone="bad" title={title ?? "The gateway rejected this"} role="alert">
      <p>
        <MessageText text={sentence(error)} />
      </p>
      {refusal && <Advice refusal={refusal} />}
      {refusal && refusal.agents.length > 0 && (
        <ul>
          {refusal.agents.map((name) => (
            <li key={name}>
              <Link to={`/agents/${encodeURIComponent(name)}`} className="link">
                {name}
              </Link>
            </li>
          ))}
        </ul>
      )}
      {refusal && refusal.diagnostics.length > 0 && <Findings findings={refusal.diagnostics} />}
      {children}
      {onRetry && (
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Notice>
  );
}

function Advice({ refusal }: { refusal: ApiError }) {
  const { code, members, head, commit } = refusal;
  const advice = adviceOn(code);
  return (
    <>
      {head && (
        <p>
          The newest is revision {head.revision}, by {head.who}, at <Timestamp at={head.at} />.
        </p>
      )}
      {members.length > 0 && (
        <ul>
          {members.map((name) => (
            <li key={name}>{name}</li>
          ))}
        </ul>
      )}
      {advice && (
        <p>
          <MessageText text={advice.text} />{" "}
          {advice.page && (
            <Link to={advice.page} className="link">
              See the fleet
            </Link>
          )}
        </p>
      )}
      {commit !== null && <CommitLookup commit={commit} />}
    </>
  );
}
