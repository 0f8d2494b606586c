// An error of the API: its message, its findings, and the agents that it names.
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { ApiError, sentence } from "../api/client";
import { Findings } from "./Findings";
import { Notice } from "./Notice";
import { MessageText } from "./MessageText";

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
