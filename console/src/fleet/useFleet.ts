// The fleet as this gateway sees it, and which of its members the console speaks of.
import { useQuery } from "@tanstack/react-query";
import { gateway } from "../api/calls";
import { keys, useStatus } from "../api/queries";
import type { Fleet, FleetMember } from "../api/schemas";

/** A member says at least every five seconds that it is there; asking more often shows nothing new. */
const REFETCH_MS = 5_000;

/** Whether there is a fleet: gateways that share a store. */
export function useIsFleet(): boolean {
  return useStatus().data?.store.kind === "etcd";
}

/** Not read where there is none. `every` says in how many milliseconds it is read again, if at all. */
export function useFleet(every: (fleet: Fleet | undefined) => number | false = () => REFETCH_MS) {
  const enabled = useIsFleet();
  const refetchInterval = (query: { state: { data: Fleet | undefined } }) => every(query.state.data);
  return useQuery({ queryKey: keys.fleet, queryFn: gateway.fleet, refetchInterval, enabled });
}

/** The name of the member that this console speaks of; `null` where there is no fleet. */
export function useThisMember(): string | null {
  const status = useStatus();
  return status.data?.store.kind === "etcd" ? (status.data.member?.name ?? null) : null;
}

/** Whether a member is the one that this console speaks of. Two can have one name, so the boot counts. */
export function useIsThis(): (member: Pick<FleetMember, "name" | "boot_id">) => boolean {
  const own = useStatus().data?.member;
  return (member) => own?.name === member.name && own.boot_id === member.boot_id;
}
