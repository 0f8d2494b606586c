// The order of what needs attention, and where each line leads.
import type { Attention } from "../api/types";

const ORDER: Record<Attention["level"], number> = { error: 0, warning: 1, note: 2 };

/** Errors, then warnings, then notes; as they came within each. */
export function worstFirst(lines: Attention[]): Attention[] {
  return [...lines].sort((a, b) => (ORDER[a.level] ?? 3) - (ORDER[b.level] ?? 3));
}

/** The page that shows what a line is about; `null` when there is none. */
export function placeOf(line: Attention): string | null {
  const { subject } = line;
  if (!subject) return null;
  const name = encodeURIComponent(subject.name);
  switch (subject.kind) {
    case "agent":
      return line.code === "agent_refuses_all" ? `/why-refused?agent=${name}` : `/agents/${name}`;
    case "identity_provider":
      return `/identity-providers/${name}`;
    default:
      return null;
  }
}
