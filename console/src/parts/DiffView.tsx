// A unified diff, line by line; added and removed lines also have a word for screen readers.
import { VisuallyHidden } from "@mantine/core";
import css from "./DiffView.module.css";

const KINDS = { "+": "added", "-": "removed", "@": "hunk" } as const;

export function DiffView({ diff, label = "Changes" }: { diff: string; label?: string }) {
  if (!diff.trim()) return <p className="dim">There are no changes.</p>;
  const lines = linesOf(diff);
  return (
    <div className={css.diff} role="region" aria-label={label} tabIndex={0} data-testid="diff">
      {lines.map((line, index) => {
        const head = index < 2 && /^(---|\+\+\+) /.test(line);
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

/** The lines to show, without the /dev/null that stands for the missing side of a new or deleted file. */
export function linesOf(diff: string): string[] {
  return diff
    .replace(/\n$/, "")
    .split("\n")
    .filter((line, index) => index > 1 || !/^(---|\+\+\+) \/dev\/null$/.test(line));
}
