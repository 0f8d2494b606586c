// What was filled in on the Test page of each agent, in memory, so that it is there again after a look at another page.
import { useState } from "react";
import type { Method } from "./request";

export interface Draft {
  method: Method;
  path: string;
  headers: string;
  body: string;
  credential: string;
}

const EMPTY: Draft = { method: "GET", path: "", headers: "", body: "", credential: "" };

const drafts = new Map<string, Draft>();

/** Somebody has logged out: nothing stays. */
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
