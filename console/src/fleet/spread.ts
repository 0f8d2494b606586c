// How far a change has come: which gateways run its revision, and which do not.
import type { Fleet, Written } from "../api/schemas";
import type { Tone } from "../parts/Notice";
import { plural } from "../parts/format";

/** How far a change has come. */
export type FleetReached = NonNullable<Written["fleet"]>;

/** What a change was answered with; a gateway of its own says nothing of a fleet. */
export type Answered = { fleet?: FleetReached | null };

/** How far a revision has come, by the members as they are now. A later revision contains it. */
export function reachOf(fleet: Pick<Fleet, "members">, revision: number): FleetReached {
  const living = fleet.members.filter((one) => one.state !== "vanished");
  const without = living.filter((one) => one.revision < revision);
  const refuses = (one: Fleet["members"][number]) => (one.refused?.revision ?? 0) >= revision;
  return {
    revision,
    members: living.length,
    running: living.length - without.length,
    behind: without.filter((one) => !refuses(one)).map((one) => one.name),
    refused: without.filter(refuses).map((one) => one.name),
  };
}

/** Whether there is nobody left to wait for: all others refused. */
export const isSettled = (reach: FleetReached): boolean =>
  reach.running + reach.refused.length >= reach.members;

export function toneOf({ running, members, refused }: FleetReached): Tone {
  if (refused.length > 0) return "bad";
  return running < members ? "warn" : "ok";
}

/** "2 of 3 gateways run revision 41; gateway-2 is behind" */
export function reachInWords({ revision, members, running, behind, refused }: FleetReached): string {
  const parts = [
    `${running} of ${plural(members, "gateway")} ${running === 1 ? "runs" : "run"} revision ${revision}`,
  ];
  if (refused.length > 0) parts.push(`${named(refused)} refused it`);
  if (behind.length > 0) parts.push(`${named(behind)} ${behind.length === 1 ? "is" : "are"} behind`);
  return parts.join("; ");
}

/** A fleet has up to a hundred members; more names than this are not read in a message that goes away. */
const NAMED = 3;

function named(names: string[]): string {
  const shown = names.slice(0, NAMED);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** Whether all run a change; a gateway of its own is all there is. */
export const isEverywhere = ({ fleet }: Answered): boolean => !fleet || fleet.running >= fleet.members;

/** The words about a change for a message: `text`, and how far it has come in a fleet. */
export function said(text: string, answered: Answered): { text: string; tone: Tone } {
  const { fleet } = answered;
  if (!fleet) return { text, tone: "ok" };
  return { text: `${text} ${reachInWords(fleet)}.`, tone: toneOf(fleet) === "ok" ? "ok" : "warn" };
}
