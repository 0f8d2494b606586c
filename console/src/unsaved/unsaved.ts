// Forms with something typed in them, and the question that is asked before they go: whoever closes a drawer, follows a
// link or goes back passes through `leave`. There may be a form on top of another; the last is the one on top.
import { useCallback, useEffect, useId } from "react";
import { Observed, useObserved } from "../api/observed";

/** Forms that lie on one page, or on a drawer on top of it. */
export type Scope = "page" | "on top";

/** The forms that would lose something. */
const forms: { id: string; scope: Scope }[] = [];
/** What was asked for and waits for the answer. */
const waiting = new Observed<{ lost: string[]; then: () => void } | null>(null);

const drop = (id: string) => {
  const at = forms.findIndex((form) => form.id === id);
  if (at >= 0) forms.splice(at, 1);
};

/** Notes that a form would lose something, until the returned function is called. */
export function guard(id: string, scope: Scope = "page"): () => void {
  forms.push({ id, scope });
  return () => drop(id);
}

/** Does `then`, after asking when it would lose what was typed: in the forms of one scope, else in any. */
export function leave(then: () => void, scope?: Scope): void {
  const lost = forms.filter((form) => scope === undefined || form.scope === scope).map((form) => form.id);
  if (lost.length === 0) then();
  else if (waiting.value === null) waiting.set({ lost, then });
}

/** The answer to the question: `true` lets what was typed go. */
export function answer(discard: boolean): void {
  const asked = waiting.value;
  waiting.set(null);
  if (!asked || !discard) return;
  asked.lost.forEach(drop);
  asked.then();
}

export const useAsked = (): boolean => useObserved(waiting) !== null;

/** Guards a form while `changed`. What it returns says that the form is kept, and needs no guard any more. */
export function useUnsaved(changed: boolean, scope: Scope = "page"): () => void {
  const id = useId();
  useEffect(() => (changed ? guard(id, scope) : undefined), [changed, id, scope]);
  return useCallback(() => drop(id), [id]);
}

/** Whether something would be lost with the page. */
export const anyUnsaved = (): boolean => forms.length > 0;
