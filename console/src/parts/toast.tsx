// A short message about what was just done, also for screen readers, with a button that undoes it.
import { Button, CloseButton } from "@mantine/core";
import { type ReactNode, createContext, useCallback, useContext, useEffect, useState } from "react";
import { Notice, type Tone } from "./Notice";
import css from "./toast.module.css";

export interface Action {
  label: string;
  act: () => void;
}

type Say = (text: string, tone?: Tone, action?: Action) => void;

const Toast = createContext<Say>(() => undefined);

/** Shows a message for six seconds, or twenty with an action; an error stays until it is closed. */
export const useToast = (): Say => useContext(Toast);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<{ text: string; tone: Tone; action?: Action; number: number } | null>(
    null,
  );
  const say = useCallback<Say>((text, tone = "ok", action) => {
    setSaid((before) => ({ text, tone, action, number: (before?.number ?? 0) + 1 }));
  }, []);
  useEffect(() => {
    if (!said || said.tone === "bad") return;
    const timer = setTimeout(() => setSaid(null), said.action ? 20_000 : 6_000);
    return () => clearTimeout(timer);
  }, [said]);

  return (
    <Toast value={say}>
      {children}
      <div className={css.corner} role="status" aria-live="polite">
        {said && (
          <Notice tone={said.tone} key={said.number}>
            <div className={css.line}>
              <span>{said.text}</span>
              {said.action && (
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => {
                    setSaid(null);
                    said.action?.act();
                  }}
                >
                  {said.action.label}
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
