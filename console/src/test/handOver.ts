// Hands a credential over from the Test page to Explain, in memory, for the next page only.

let handed: { agent: string; credential: string } | null = null;

export function handOver(agent: string, credential: string): void {
  handed = { agent, credential };
}

/** The credential that was handed over for this agent; empty when there is none. */
export const handedOver = (agent: string | null): string =>
  handed && handed.agent === agent ? handed.credential : "";

export function forgetHandedOver(): void {
  handed = null;
}
