// The focus in a form: on its first field when its drawer has opened, on the first wrong one when it was sent.
import { useEffect, useRef } from "react";

export function useFirstField() {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("[data-autofocus]")?.focus(), []);
  return form;
}

/** After the next frame, when the fields have been marked. */
export function focusFirstInvalid(): void {
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>("[role=dialog] [aria-invalid=true]")?.focus(),
  );
}
