// The filters and the default order of the list of identity providers.
import type { Health, ProviderSummary } from "../api/schemas";

export const FILTERS = [
  { value: "unhealthy", label: "Failing or stale" },
  { value: "unused", label: "Unused" },
] as const;

export type Filter = (typeof FILTERS)[number]["value"];

const RANKS: Record<Health, number> = { failing: 0, stale: 1, waiting: 2, ok: 3 };

/** The least healthy has the lowest. */
export const rank = (provider: Pick<ProviderSummary, "health">): number => RANKS[provider.health] ?? 2;

export function found(all: ProviderSummary[], typed: string, filter: Filter | null): ProviderSummary[] {
  const wanted = typed.toLowerCase();
  return all.filter((one) => {
    if (!`${one.name}\n${one.issuer}`.toLowerCase().includes(wanted)) return false;
    switch (filter) {
      case null:
        return true;
      case "unhealthy":
        return one.health === "failing" || one.health === "stale";
      case "unused":
        return one.used_by_total === 0;
    }
  });
}
