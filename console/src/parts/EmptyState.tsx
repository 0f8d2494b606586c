// Shown in place of an empty list, with the next step.
import type { ReactNode } from "react";
import css from "./EmptyState.module.css";

export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      <p className={css.title}>{title}</p>
      {children && <div className={css.next}>{children}</div>}
    </div>
  );
}
