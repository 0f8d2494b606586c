// The members of a fleet in words: who runs the newest revision, and who does not, and why.
import type { Fleet, FleetMember, MemberState } from "../api/schemas";
import type { MarkTone } from "../parts/Mark";
import { plural } from "../parts/format";

interface Meaning {
  tone: MarkTone;
  word: string;
  /** What the state says of a member. */
  meaning: string;
}

export const STATES: Record<MemberState, Meaning> = {
  running: { tone: "ok", word: "running", meaning: "It runs the newest revision." },
  behind: {
    tone: "warn",
    word: "behind",
    meaning: "It runs an older revision and has not applied the newest yet.",
  },
  refused: {
    tone: "bad",
    word: "refused",
    meaning: "It cannot run the newest revision whole: what it refuses stays as it was before.",
  },
  stale: {
    tone: "warn",
    word: "stale",
    meaning: "It has not heard from etcd for more than 15 s, and goes on with what it has.",
  },
  vanished: {
    tone: "warn",
    word: "vanished",
    meaning: "It went away without a goodbye: it crashed, or etcd is out of its reach. Shown for 24 h.",
  },
};

/** The most urgent first. */
const ORDER: Record<MemberState, number> = { refused: 0, vanished: 1, stale: 2, behind: 3, running: 4 };

/** Those that need somebody first; by name within each state. */
export function ordered(members: FleetMember[]): FleetMember[] {
  return [...members].sort(
    (a, b) => ORDER[a.state] - ORDER[b.state] || a.name.localeCompare(b.name, "en", { numeric: true }),
  );
}

/** Those that do not run the newest revision, or of which nobody knows. */
export function laggards(members: FleetMember[]): FleetMember[] {
  return ordered(members).filter((one) => one.state !== "running");
}

/** "12 of 12 gateways run revision 41": of those that are there, as a change that waits for the fleet counts them. */
export function summary(fleet: Pick<Fleet, "revision" | "members">): string {
  const living = fleet.members.filter((one) => one.state !== "vanished");
  const running = living.filter((one) => one.state === "running").length;
  return `${running} of ${plural(living.length, "gateway")} ${running === 1 ? "runs" : "run"} revision ${fleet.revision}`;
}

/** Why a member does not count: "gateway-2 is behind: it runs revision 40". */
export function whyNot(member: FleetMember): string {
  const { name, state, revision } = member;
  switch (state) {
    case "running":
      return `${name} runs revision ${revision}`;
    case "behind":
      return `${name} is behind: it runs revision ${revision}`;
    case "refused":
      return `${name} refused revision ${member.refused?.revision ?? "?"}; the last that it runs whole is ${revision}`;
    case "stale":
      return `${name} is stale: it ran revision ${revision} when it last heard from etcd`;
    case "vanished":
      return `${name} vanished: it ran revision ${revision}`;
  }
}

/** The tone of the whole: the worst of its members. */
export function toneOf(members: FleetMember[]): "ok" | "warn" | "bad" {
  const tones = members.map((one) => STATES[one.state].tone);
  if (tones.includes("bad")) return "bad";
  return tones.includes("warn") ? "warn" : "ok";
}

/** The names that more than one living member has. */
export function namesakes(members: FleetMember[]): string[] {
  const boots = new Map<string, Set<string>>();
  for (const { name, boot_id, state } of members) {
    if (state === "vanished") continue;
    boots.set(name, (boots.get(name) ?? new Set()).add(boot_id));
  }
  return [...boots].filter(([, ids]) => ids.size > 1).map(([name]) => name);
}

/** The versions that living members run, when there is more than one. */
export function versions(members: FleetMember[]): string[] {
  const living = members.filter((one) => one.state !== "vanished");
  const all = [...new Set(living.map((one) => one.version))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  return all.length > 1 ? all : [];
}

/** The labels of a member as `zone=a`; `canary` stands alone, and first. */
export function labelsOf({ labels }: Pick<FleetMember, "labels">): string[] {
  const { canary, ...rest } = labels;
  const words = Object.entries(rest).map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  const mark =
    canary === undefined || canary === "false" ? [] : [canary === "true" ? "canary" : `canary=${canary}`];
  return [...mark, ...words.sort()];
}
