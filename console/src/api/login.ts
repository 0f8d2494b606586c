// The state of the session. A call that finds the session ended waits here for the next log-in and is then sent
// again, so that no input is lost when a restart of the gateway ends the session.
import { Observed, useObserved } from "./observed";

/** `lost`: the session ended without a log-out, and the page stays. `out`: nobody is logged in. */
type Login = "out" | "in" | "lost";

const login = new Observed<Login>("out");

export const useSessionLost = (): boolean => useObserved(login) === "lost";

export const loggedIn = (): void => login.set("in");
export const loggedOut = (): void => login.set("out");

/** Notes that a response said that the session has ended. Returns whether it is worth waiting for a new one. */
export function sessionEnded(): boolean {
  if (login.value === "in") login.set("lost");
  return login.value === "lost";
}

/** Calls `listener` after each log-in that follows a lost session. */
export function whenBack(listener: () => void): () => void {
  let before = login.value;
  return login.watch(() => {
    const back = before === "lost" && login.value === "in";
    before = login.value;
    if (back) listener();
  });
}

/** Waits while the session is lost. Rejects as `fetch` does when `signal` is aborted. */
export async function untilLoggedIn(signal?: AbortSignal): Promise<void> {
  if (login.value !== "lost") return;
  await new Promise<void>((resolve, reject) => {
    const unwatch = login.watch(() => {
      if (login.value === "lost") return;
      unwatch();
      resolve();
    });
    signal?.addEventListener("abort", () => {
      unwatch();
      reject(new DOMException("The call was aborted.", "AbortError"));
    });
  });
}
