// The state of a revision (live, newest but not live, or past), and its author in words.
import type { RevisionSummary, Status } from "../api/schemas";

export type RevisionState = "live" | "broken" | "not_live" | "past";

/** `newest`: no later revision changed this resource. A revision is live only if its text is. */
export function stateOf(
  item: RevisionSummary,
  resource: string,
  newest: boolean,
  status: Pick<Status, "head" | "broken_documents"> | undefined,
): RevisionState {
  if (!newest) return "past";
  if (item.changes.some((one) => one.resource === resource && one.action === "deleted")) return "past";
  if (status?.broken_documents?.some((one) => one.resource === resource)) return "broken";
  const head = status?.head;
  return head && head.number === item.number && !head.text_is_live ? "not_live" : "live";
}

export interface Author {
  /** Including "by". */
  text: string;
  title?: string;
}

export function authorOf(who: string): Author {
  if (who === "files") return { text: "by hand, in the files" };
  const session = /^session (\S+?)(?: from (.+))?$/.exec(who);
  if (session) {
    const from = session[2] ? ` from ${session[2]}` : "";
    return {
      text: `by console session ${session[1]}${from}`,
      title: "One log-in to the console. Everybody logs in with the same token, so there is no name.",
    };
  }
  return { text: `by ${who}` };
}
