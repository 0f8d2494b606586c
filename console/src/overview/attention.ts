// The order of what needs attention, and the page that each line leads to.
import type { Attention, Status } from "../api/schemas";
import { besides } from "./besides";

const ORDER: Record<Attention["level"], number> = { error: 0, warning: 1, note: 2 };

/** Errors, then warnings, then notes; in the gateway's order within each. */
export function worstFirst(lines: Attention[]): Attention[] {
  return [...lines].sort((a, b) => (ORDER[a.level] ?? 3) - (ORDER[b.level] ?? 3));
}

/**
 * The lines to show. A rejected change is left out when broken documents, which have lines of their own, explain
 * all of it.
 */
export function linesOf(status: Pick<Status, "attention" | "refused" | "broken_documents">): Attention[] {
  const broken = status.broken_documents ?? [];
  const errors = besides(status.refused?.diagnostics ?? [], broken).some((one) => one.severity === "error");
  const said = (line: Attention) => line.code === "change_refused" && broken.length > 0 && !errors;
  return worstFirst((status.attention ?? []).filter((line) => !said(line)));
}

/** The page that shows what a line is about; `null` when there is none. */
export function pageOf(line: Attention): string | null {
  const { subject } = line;
  if (!subject) return null;
  const name = encodeURIComponent(subject.name);
  switch (subject.kind) {
    case "agent":
      return line.code === "agent_refuses_all" ? `/why-refused?agent=${name}` : `/agents/${name}`;
    case "identity_provider":
      return `/identity-providers/${name}`;
    case "member":
    case "store":
      return "/fleet";
    case "api_key":
    case "file":
    case "gateway":
    case "listener":
    case "shared_state":
    case "upstream":
      return null;
  }
}
