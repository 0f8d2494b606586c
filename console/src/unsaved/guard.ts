// Guards the ways to leave a page: links, back and forward, and closing the tab. Each asks first when unsaved input,
// or a key that has not been copied, would be lost.
import type { BaseLocationHook } from "wouter";
import { navigate, useBrowserLocation } from "wouter/use-browser-location";
import { uncopied } from "../apikeys/uncopied";
import { anyUnsaved, leave } from "./unsaved";

const guarded: typeof navigate = (to, options) => leave(() => navigate(to, options));

/** wouter's location, with a navigation that asks first. */
export const useGuardedLocation: BaseLocationHook = (...args) => {
  const [path] = useBrowserLocation(...args);
  return [path, guarded];
};

const address = () => location.pathname + location.search;

/** Guards the browser's own navigation. Called once, before anything is rendered. */
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
