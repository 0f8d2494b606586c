// A short word about what was just done, at the edge of the page and for screen readers.
import { CloseButton } from "@mantine/core";
import { type ReactNode, createContext, useCallback, useContext, useEffect, useState } from "react";
import { Notice, type Tone } from "./Notice";
import css from "./toast.module.css";

type Say = (text: string, tone?: Tone) => void;

const Toast = createContext<Say>(() => undefined);

/** Says something for a few seconds; what went wrong stays until it is closed. */
export const useToast = (): Say => useContext(Toast);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<{ text: string; tone: Tone; number: number } | null>(null);
  const say = useCallback<Say>((text, tone = "ok") => {
    setSaid((before) => ({ text, tone, number: (before?.number ?? 0) + 1 }));
  }, []);
  useEffect(() => {
    if (!said || said.tone === "bad") return;
    const timer = setTimeout(() => setSaid(null), 6_000);
    return () => clearTimeout(timer);
  }, [said]);

  return (
    <Toast value={say}>
      {children}
      <div className={css.place} role="status" aria-live="polite">
        {said && (
          <Notice tone={said.tone} key={said.number}>
            <div className={css.line}>
              <span>{said.text}</span>
              <CloseButton size="sm" aria-label="Close this message" onClick={() => setSaid(null)} />
            </div>
          </Notice>
        )}
      </div>
    </Toast>
  );
}
