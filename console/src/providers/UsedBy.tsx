// The agents that accept a provider's tokens; the API names the first of many.
import { NameLinks } from "../parts/NameLinks";

export function UsedBy({ names, total }: { names: string[]; total: number }) {
  if (total === 0) return <span className="dim">no agent</span>;
  return <NameLinks under="/agents/" names={names} total={total} />;
}
