// The drawer around the form of an identity provider.
import { Drawer } from "@mantine/core";
import { Suspense, lazy } from "react";
import type { ProviderDetail } from "../api/types";

const ProviderEditor = lazy(() => import("./ProviderEditor"));

interface Props {
  /** The provider as it stands; `null` is a new one. */
  provider: ProviderDetail | null;
  opened: boolean;
  onClose: () => void;
}

export function ProviderDrawer({ provider, opened, onClose }: Props) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      closeOnClickOutside={false}
      title={provider ? `Edit ${provider.name}` : "Add identity provider"}
    >
      <Suspense fallback={<p role="status">Loading…</p>}>
        <ProviderEditor provider={provider} onClose={onClose} />
      </Suspense>
    </Drawer>
  );
}
