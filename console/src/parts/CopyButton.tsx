// Copies a text, and says whether that worked: a page without TLS from another host cannot use the clipboard.
import { Button } from "@mantine/core";
import { IconCheck, IconCopy, IconX } from "@tabler/icons-react";
import { useEffect, useState } from "react";

/** Long enough to read two words. */
const SAID_MS = 2_500;

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), SAID_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const Icon = { idle: IconCopy, copied: IconCheck, failed: IconX }[state];
  const word = { idle: "Copy", copied: "Copied", failed: "Not copied: select the text" }[state];
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={<Icon size={15} aria-hidden />}
      aria-label={state === "idle" ? `Copy ${what}` : word}
      onClick={() => void copy(text).then((done) => setState(done ? "copied" : "failed"))}
    >
      <span aria-live="polite">{word}</span>
    </Button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
