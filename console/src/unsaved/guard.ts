// The ways out of a page: links, the browser's back and forward, and closing the tab. Each asks first when something
// typed, or a key that nobody has copied, would be lost.
import type { BaseLocationHook } from "wouter";
import { navigate, useBrowserLocation } from "wouter/use-browser-location";
import { uncopied } from "../apikeys/uncopied";
import { anyUnsaved, leave } from "./unsaved";

const guarded: typeof navigate = (to, options) => leave(() => navigate(to, options));

/** The location as wouter has it, with a way on that asks. */
export const useGuardedLocation: BaseLocationHook = (...args) => {
  const [path] = useBrowserLocation(...args);
  return [path, guarded];
};

const address = () => location.pathname + location.search;

/** Watches the browser's own ways out. Called once, before anything is shown. */
export function guardHistory(): void {
  let here = address();
  const note = () => {
    here = address();
  };
  for (const moved of ["pushState", "replaceState"]) addEventListener(moved, note);
  addEventListener(
    "popstate",
    (event) => {
      if (!anyUnsaved()) return note();
      const wanted = address();
      if (wanted === here) return;
      event.stopImmediatePropagation();
      history.pushState(null, "", here);
      leave(() => navigate(wanted));
    },
    { capture: true },
  );
  addEventListener("beforeunload", (event) => {
    if (anyUnsaved() || uncopied.value.length > 0) event.preventDefault();
  });
}
