// Forms with unsaved input, and the question before it is lost: closing a drawer, following a link and going back all
// call `leave`. A form can be on top of another; the last in the list is on top.
import { useCallback, useEffect, useId } from "react";
import { Observed, useObserved } from "../api/observed";

/** Whether a form is on the page, or in a drawer on top of it. */
export type Scope = "page" | "on top";

/** The forms with unsaved input. */
const forms: { id: string; scope: Scope }[] = [];
/** What continues after the question, while it is open. */
const waiting = new Observed<{ lost: string[]; then: () => void } | null>(null);

const drop = (id: string) => {
  const at = forms.findIndex((form) => form.id === id);
  if (at >= 0) forms.splice(at, 1);
};

/** Registers a form with unsaved input, until the returned function is called. */
export function guard(id: string, scope: Scope = "page"): () => void {
  forms.push({ id, scope });
  return () => drop(id);
}

/** Calls `then`, after the question when forms of the scope (of any, without one) have unsaved input. */
export function leave(then: () => void, scope?: Scope): void {
  const lost = forms.filter((form) => scope === undefined || form.scope === scope).map((form) => form.id);
  if (lost.length === 0) then();
  else if (waiting.value === null) waiting.set({ lost, then });
}

/** Answers the question; `true` discards the input. */
export function answer(discard: boolean): void {
  const asked = waiting.value;
  waiting.set(null);
  if (!asked || !discard) return;
  asked.lost.forEach(drop);
  asked.then();
}

export const useAsked = (): boolean => useObserved(waiting) !== null;

/** Guards a form while `changed`. The returned function ends that, for a form that has been saved. */
export function useUnsaved(changed: boolean, scope: Scope = "page"): () => void {
  const id = useId();
  useEffect(() => (changed ? guard(id, scope) : undefined), [changed, id, scope]);
  return useCallback(() => drop(id), [id]);
}

/** Whether any form has unsaved input. */
export const anyUnsaved = (): boolean => forms.length > 0;
