// Puts the focus into the first field of a form that came after its drawer had opened.
import { useEffect, useRef } from "react";

export function useFirstField() {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("[data-autofocus]")?.focus(), []);
  return form;
}
