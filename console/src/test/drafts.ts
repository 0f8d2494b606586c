// The input of the Test page of each agent, kept in memory while other pages are open.
import { useState } from "react";
import type { Judged } from "./judged";
import type { Method } from "./request";

export interface Draft {
  method: Method;
  path: string;
  headers: string;
  body: string;
  credential: string;
  /** The client's certificate, in PEM. */
  certificate: string;
  judged: Judged;
}

const EMPTY: Draft = {
  method: "GET",
  path: "",
  headers: "",
  body: "",
  credential: "",
  certificate: "",
  judged: { by: "operation", method: "", name: "", message: "" },
};

const drafts = new Map<string, Draft>();

/** After a log-out, nothing is kept. */
export const forgetDrafts = (): void => drafts.clear();

export function useDraft(agent: string): [Draft, (change: Partial<Draft>) => void] {
  const [draft, setDraft] = useState<Draft>(() => drafts.get(agent) ?? EMPTY);
  const change = (change: Partial<Draft>) =>
    setDraft((before) => {
      const next = { ...before, ...change };
      drafts.set(agent, next);
      return next;
    });
  return [draft, change];
}
