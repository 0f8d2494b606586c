// A new identity provider from within the agent's form, in a drawer of its own on top of it.
import { ProviderDrawer } from "../providers/ProviderDrawer";

interface Props {
  opened: boolean;
  onClose: () => void;
  onAdded: (name: string) => void;
}

export function AddProvider({ opened, onClose, onAdded }: Props) {
  return <ProviderDrawer provider={null} opened={opened} onClose={onClose} onSaved={onAdded} nested />;
}
