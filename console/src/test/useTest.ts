// A test request and its response so far.
import { useEffect, useRef, useState } from "react";
import { agents } from "../api/calls";
import type { Trial, TrialEvent } from "../api/schemas";

export interface Chunk {
  ms: number;
  text: string;
}

export interface TestResponse {
  running: boolean;
  head: { status: number; headers: [string, string][]; ms: number } | null;
  chunks: Chunk[];
  end: { bytes: number; truncated?: boolean; ms: number } | null;
  /** The error that ended the response, in the words of the gateway. */
  failure: string | null;
  stopped: boolean;
}

const NOTHING: TestResponse = {
  running: true,
  head: null,
  chunks: [],
  end: null,
  failure: null,
  stopped: false,
};

/** The response after one more event. */
export function after(response: TestResponse, event: TrialEvent): TestResponse {
  switch (event.event) {
    case "head":
      return { ...response, head: event };
    case "data":
      return { ...response, chunks: [...response.chunks, { ms: event.ms, text: textOf(event) }] };
    case "end":
      return { ...response, end: event };
    case "error":
      return { ...response, failure: event.message };
    default:
      return response;
  }
}

function textOf(event: { text?: string; base64?: string }): string {
  if (event.text !== undefined) return event.text;
  const bytes = Math.floor(((event.base64 ?? "").replace(/=+$/, "").length * 3) / 4);
  return `[${bytes} bytes of binary data]`;
}

export function useTest(agent: string) {
  const [response, setResponse] = useState<TestResponse | null>(null);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const send = async (request: Trial) => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setError(null);
    setResponse(NOTHING);
    try {
      for await (const event of agents.test(agent, request, control.signal)) {
        setResponse((before) => after(before ?? NOTHING, event));
      }
    } catch (caught) {
      if (!control.signal.aborted) setError(caught);
    } finally {
      if (running.current === control) {
        setResponse((before) => before && { ...before, running: false });
      }
    }
  };
  const stop = () => {
    running.current?.abort();
    setResponse((before) => before && { ...before, running: false, stopped: true });
  };
  return { response, error, send, stop };
}
