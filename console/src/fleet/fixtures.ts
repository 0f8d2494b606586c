// Members of a fleet for tests.
import type { Fleet, FleetMember } from "../api/schemas";

/** A member that runs revision 41, but for `over`. */
export function member(name: string, over: Partial<FleetMember> = {}): FleetMember {
  return {
    name,
    boot_id: `boot-of-${name}`,
    version: "0.13.0",
    labels: {},
    revision: 41,
    hash: "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
    state: "running",
    refused: null,
    confirmed_age_ms: 1_200,
    ready: true,
    draining: false,
    ...over,
  };
}

export function fleet(members: FleetMember[], over: Partial<Fleet> = {}): Fleet {
  return { revision: 41, store: { kind: "etcd", state: "ok", store_id: "s-1" }, members, ...over };
}
