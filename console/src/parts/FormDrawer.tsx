// The drawer around a form. Closing it asks first when input would be lost. Another drawer can be on top of it.
import { Drawer } from "@mantine/core";
import { type ReactNode, Suspense, useEffect } from "react";
import { useSessionLost } from "../api/login";
import { Observed, useObserved } from "../api/observed";
import { useAsked } from "../unsaved/unsaved";

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** It is on top of another drawer. */
  nested?: boolean;
  children: ReactNode;
}

const nestedOpen = new Observed(false);

export function FormDrawer({ opened, onClose, title, nested = false, children }: Props) {
  const asked = useAsked();
  const lost = useSessionLost();
  const below = useObserved(nestedOpen) && !nested;
  useEffect(() => {
    if (!nested || !opened) return;
    nestedOpen.set(true);
    return () => nestedOpen.set(false);
  }, [nested, opened]);
  // The Escape key is for what is on top of the drawer.
  const covered = asked || lost || below;
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      closeOnEscape={!covered}
      closeOnClickOutside={!covered}
      zIndex={nested ? 250 : undefined}
      size={nested ? 600 : undefined}
      title={title}
    >
      <Suspense fallback={<p role="status">Loading…</p>}>{children}</Suspense>
    </Drawer>
  );
}
