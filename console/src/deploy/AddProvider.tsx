// Adds an identity provider from within the form of an agent, in a nested drawer.
import { ProviderDrawer } from "../providers/ProviderDrawer";

interface Props {
  opened: boolean;
  onClose: () => void;
  onAdded: (name: string) => void;
}

export function AddProvider({ opened, onClose, onAdded }: Props) {
  return <ProviderDrawer provider={null} opened={opened} onClose={onClose} onSaved={onAdded} nested />;
}
