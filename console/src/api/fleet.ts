// Whether a change waits for the other gateways: a gateway of its own does not have them, and is not asked to.
import type { Status } from "./schemas";

/**
 * How long a change waits for the whole fleet before the console shows who is missing. A healthy fleet needs half a
 * second; a dialog without an answer for longer than two would look as if it hung.
 */
const WAIT = "2s";

let isShared = false;

/** Notes what the gateway keeps its configuration in. */
export function noteStore(store: Pick<Status["store"], "kind">): void {
  isShared = store.kind === "etcd";
}

/** What a change adds to its query. */
export function waiting(): { wait?: "fleet"; timeout?: string } {
  return isShared ? { wait: "fleet", timeout: WAIT } : {};
}
