// The drawer around the form of an identity provider.
import { lazy } from "react";
import type { ProviderDetail } from "../api/schemas";
import { FormDrawer } from "../parts/FormDrawer";
import { leave } from "../unsaved/unsaved";

const ProviderEditor = lazy(() => import("./ProviderEditor"));

interface Props {
  /** The provider as it is; `null` for a new one. */
  provider: ProviderDetail | null;
  opened: boolean;
  onClose: () => void;
  /** Called when it is saved; without it, the provider's page opens. */
  onSaved?: (name: string) => void;
  /** It is on top of another drawer. */
  nested?: boolean;
}

export function ProviderDrawer({ provider, opened, onClose, onSaved, nested }: Props) {
  const close = nested ? () => leave(onClose, "on top") : onClose;
  return (
    <FormDrawer
      opened={opened}
      onClose={close}
      nested={nested}
      title={provider ? `Edit ${provider.name}` : "Add identity provider"}
    >
      <ProviderEditor
        provider={provider}
        onClose={close}
        onSaved={onSaved}
        scope={nested ? "on top" : "page"}
      />
    </FormDrawer>
  );
}
