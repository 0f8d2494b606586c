// The one way in which the console talks to the control API: JSON in, JSON out, the session cookie as the
// credential, and every refusal as an ApiError that carries what the API said.
import type { Diagnostic, Problem } from "./types";

const BASE = "/api/v1";

/** A refusal of the API, or a gateway that could not be reached (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly diagnostics: Diagnostic[];
  readonly agents: string[];

  constructor(status: number, code: string, detail: string, problem?: Partial<Problem>) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.diagnostics = problem?.diagnostics ?? [];
    this.agents = problem?.agents ?? [];
  }
}

export interface Call {
  method?: string;
  body?: unknown;
  /** The tag that the resource must still have; `*` is any. */
  ifMatch?: string;
  /** Only when there is no such resource yet. */
  ifAbsent?: boolean;
  dryRun?: boolean;
  query?: Record<string, string | number | undefined>;
  signal?: AbortSignal;
}

const onLoggedOut = new Set<() => void>();

/** Calls `listener` whenever an answer says that the session is over. */
export function whenLoggedOut(listener: () => void): () => void {
  onLoggedOut.add(listener);
  return () => onLoggedOut.delete(listener);
}

/** The address of a call, with the parts of the query that have a value. */
export function address(path: string, query: Call["query"] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return BASE + path + (text ? `?${text}` : "");
}

/** An entity tag as a header wants it: in quotes. */
export function quoted(tag: string): string {
  return tag === "*" || tag.startsWith('"') || tag.startsWith("W/") ? tag : `"${tag}"`;
}

/** Sends a call and gives the answer, whatever it holds. Throws an ApiError for every status from 400 up. */
export async function send(path: string, call: Call = {}): Promise<Response> {
  const headers = new Headers({
    Accept: "application/json, application/x-ndjson, application/problem+json",
  });
  if (call.body !== undefined) headers.set("Content-Type", "application/json");
  if (call.ifMatch !== undefined) headers.set("If-Match", quoted(call.ifMatch));
  if (call.ifAbsent) headers.set("If-None-Match", "*");
  const query = { ...call.query, dry_run: call.dryRun ? "true" : undefined };

  let answer: Response;
  try {
    answer = await fetch(address(path, query), {
      method: call.method ?? "GET",
      headers,
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      signal: call.signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The gateway did not answer. Is it running, and can you reach it?");
  }
  if (answer.ok) return answer;

  const error = await refusal(answer);
  if (answer.status === 401 && path !== "/session") for (const listener of onLoggedOut) listener();
  throw error;
}

/** Sends a call and reads its answer as JSON. */
export async function ask<Answer>(path: string, call: Call = {}): Promise<Answer> {
  const answer = await send(path, call);
  if (answer.status === 204) return undefined as Answer;
  return (await answer.json()) as Answer;
}

async function refusal(answer: Response): Promise<ApiError> {
  const text = await answer.text().catch(() => "");
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    const detail = problem.detail ?? problem.title ?? `The API answered with status ${answer.status}.`;
    return new ApiError(answer.status, problem.code ?? "unknown", detail, problem);
  } catch {
    const said = text.trim().slice(0, 300);
    const detail = `The API answered with status ${answer.status}${said ? `: ${said}` : "."}`;
    return new ApiError(answer.status, "unknown", detail);
  }
}

/** What went wrong, as a sentence to show. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
