// One test request and what came back of it so far.
import { useEffect, useRef, useState } from "react";
import { agents } from "../api/calls";
import type { Trial, TrialEvent } from "../api/schemas";

export interface Chunk {
  ms: number;
  text: string;
}

export interface Answer {
  running: boolean;
  head: { status: number; headers: [string, string][]; ms: number } | null;
  chunks: Chunk[];
  end: { bytes: number; truncated?: boolean; ms: number } | null;
  /** What the gateway said went wrong on the way. */
  failure: string | null;
  stopped: boolean;
}

const NOTHING: Answer = { running: true, head: null, chunks: [], end: null, failure: null, stopped: false };

/** The answer after one more event. */
export function after(answer: Answer, event: TrialEvent): Answer {
  switch (event.event) {
    case "head":
      return { ...answer, head: event };
    case "data":
      return { ...answer, chunks: [...answer.chunks, { ms: event.ms, text: textOf(event) }] };
    case "end":
      return { ...answer, end: event };
    case "error":
      return { ...answer, failure: event.message };
    default:
      return answer;
  }
}

function textOf(event: { text?: string; base64?: string }): string {
  if (event.text !== undefined) return event.text;
  const bytes = Math.floor(((event.base64 ?? "").replace(/=+$/, "").length * 3) / 4);
  return `[${bytes} bytes of binary data]`;
}

export function useTest(agent: string) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const send = async (request: Trial) => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setError(null);
    setAnswer(NOTHING);
    try {
      for await (const event of agents.test(agent, request, control.signal)) {
        setAnswer((before) => after(before ?? NOTHING, event));
      }
    } catch (caught) {
      if (!control.signal.aborted) setError(caught);
    } finally {
      if (running.current === control) {
        setAnswer((before) => before && { ...before, running: false });
      }
    }
  };
  const stop = () => {
    running.current?.abort();
    setAnswer((before) => before && { ...before, running: false, stopped: true });
  };
  return { answer, error, send, stop };
}
