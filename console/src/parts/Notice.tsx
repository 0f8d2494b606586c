// A notice with an icon, a title and a colour: its tone is never a colour alone.
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import css from "./Notice.module.css";

export type Tone = "ok" | "bad" | "warn" | "note";

const ICONS = { ok: IconCircleCheck, bad: IconCircleX, warn: IconAlertTriangle, note: IconInfoCircle };

interface Props {
  tone: Tone;
  title?: ReactNode;
  children?: ReactNode;
  /** `alert` interrupts a screen reader, `status` waits; neither for a notice that is there from the start. */
  role?: "alert" | "status";
  id?: string;
}

export function Notice({ tone, title, children, role, id }: Props) {
  const Icon = ICONS[tone];
  return (
    <div className={`notice ${css.notice}`} data-tone={tone} role={role} id={id}>
      <Icon size={20} aria-hidden className={css.icon} />
      <div className={css.body}>
        {title && <strong className={css.title}>{title}</strong>}
        {children}
      </div>
    </div>
  );
}
