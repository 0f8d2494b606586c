// Who is logged in, as the calls know it. A call that finds the session over waits here until somebody has logged in
// again, and is sent once more: nothing that was typed is lost when a restart ends the session.
import { Observed, useObserved } from "./observed";

/** `lost`: the session ended by itself, and the page stays. `out`: nobody is logged in. */
type Login = "out" | "in" | "lost";

const login = new Observed<Login>("out");

export const useSessionLost = (): boolean => useObserved(login) === "lost";

export const loggedIn = (): void => login.set("in");
export const loggedOut = (): void => login.set("out");

/** Notes that an answer said the session is over. Says whether it is worth waiting for a new one. */
export function sessionEnded(): boolean {
  if (login.value === "in") login.set("lost");
  return login.value === "lost";
}

/** Calls `listener` each time somebody has logged in after the session was lost. */
export function whenBack(listener: () => void): () => void {
  let before = login.value;
  return login.watch(() => {
    const back = before === "lost" && login.value === "in";
    before = login.value;
    if (back) listener();
  });
}

/** Waits while the session is lost. Rejects as `fetch` does when `signal` is aborted meanwhile. */
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
