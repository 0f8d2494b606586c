// Why something cannot be changed in the console: shown once on a page, and by every button that is disabled.
import { useStatus } from "../api/queries";
import type { ManagedBy } from "../api/schemas";
import { Notice } from "./Notice";
import { MessageText } from "./MessageText";

/** The reason why a resource cannot be changed here; `null` when it can. */
export function useReadOnly(managedBy: ManagedBy = "store", file?: string): string | null {
  const { data } = useStatus();
  if (data && !data.store.writable)
    return capital(data.store.reason ?? "the configuration cannot be written.");
  if (managedBy === "file") {
    return `This is defined in the configuration file${file ? ` ${file}` : ""}. Change it there; the gateway applies the change automatically.`;
  }
  return null;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

interface Props {
  reason: string | null;
  /** In a drawer: the page beneath has the notice that buttons refer to, and the drawer spaces its parts itself. */
  inDrawer?: boolean;
}

export function ReadOnlyNotice({ reason, inDrawer }: Props) {
  if (!reason) return null;
  return (
    <div className={inDrawer ? undefined : "read-only"}>
      <Notice tone="note" title="Read only" id={inDrawer ? undefined : "read-only"}>
        <p>
          <MessageText text={reason} />
        </p>
      </Notice>
    </div>
  );
}

/** The props of a control that edits: disabled with the reason, or none. */
export function off(reason: string | null) {
  return reason ? { disabled: true, title: reason, "aria-describedby": "read-only" } : {};
}
