// A state as an icon, a word and a colour: never as a colour alone.
import { IconAlertTriangle, IconCheck, IconCircleDashed, IconEye, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import css from "./Mark.module.css";

export type MarkTone = "ok" | "bad" | "warn" | "note" | "shadow" | "plain";

const ICONS = {
  ok: IconCheck,
  bad: IconX,
  warn: IconAlertTriangle,
  note: IconCircleDashed,
  shadow: IconEye,
  plain: null,
};

export function Mark({ tone, children, title }: { tone: MarkTone; children: ReactNode; title?: string }) {
  const Icon = ICONS[tone];
  return (
    <span className={css.mark} data-tone={tone} title={title}>
      {Icon && <Icon size={13} stroke={2.4} aria-hidden />}
      {children}
    </span>
  );
}
