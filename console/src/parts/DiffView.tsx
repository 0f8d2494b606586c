// A unified diff, line by line; what was added and taken away also says so in words.
import { VisuallyHidden } from "@mantine/core";
import css from "./DiffView.module.css";

const KINDS = { "+": "added", "-": "removed", "@": "place" } as const;

export function DiffView({ diff, label = "Changes" }: { diff: string; label?: string }) {
  if (!diff.trim()) return <p className="dim">Nothing changes.</p>;
  const lines = diff.replace(/\n$/, "").split("\n");
  return (
    <div className={css.diff} role="region" aria-label={label} tabIndex={0} data-testid="diff">
      {lines.map((line, index) => {
        const head = line.startsWith("---") || line.startsWith("+++");
        const kind = head ? "head" : (KINDS[line[0] as keyof typeof KINDS] ?? "same");
        return (
          <div key={index} className={css.line} data-kind={kind}>
            {(kind === "added" || kind === "removed") && <VisuallyHidden>{kind}: </VisuallyHidden>}
            {line || " "}
          </div>
        );
      })}
    </div>
  );
}
