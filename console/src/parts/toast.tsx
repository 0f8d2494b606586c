// A short word about what was just done, at the edge of the page and for screen readers, with a way to take it back.
import { Button, CloseButton } from "@mantine/core";
import { type ReactNode, createContext, useCallback, useContext, useEffect, useState } from "react";
import { Notice, type Tone } from "./Notice";
import css from "./toast.module.css";

export interface Deed {
  label: string;
  act: () => void;
}

type Say = (text: string, tone?: Tone, deed?: Deed) => void;

const Toast = createContext<Say>(() => undefined);

/** Says something for a few seconds; what went wrong stays until it is closed, what can be taken back stays longer. */
export const useToast = (): Say => useContext(Toast);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<{ text: string; tone: Tone; deed?: Deed; number: number } | null>(null);
  const say = useCallback<Say>((text, tone = "ok", deed) => {
    setSaid((before) => ({ text, tone, deed, number: (before?.number ?? 0) + 1 }));
  }, []);
  useEffect(() => {
    if (!said || said.tone === "bad") return;
    const timer = setTimeout(() => setSaid(null), said.deed ? 20_000 : 6_000);
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
              {said.deed && (
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => {
                    setSaid(null);
                    said.deed?.act();
                  }}
                >
                  {said.deed.label}
                </Button>
              )}
              <CloseButton size="sm" aria-label="Close this message" onClick={() => setSaid(null)} />
            </div>
          </Notice>
        )}
      </div>
    </Toast>
  );
}
