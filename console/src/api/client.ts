// Sends the calls to the control API: JSON both ways, the session cookie as the credential, and every error response
// as an ApiError with the message and the findings of the API.
import { untilLoggedIn, sessionEnded } from "./login";
import { noteNoResponse, noteResponse } from "./reachability";
import type { Diagnostic, Problem, ProblemCode } from "./schemas";

const BASE = "/api/v1";

/** The code of an error response, or of one that did not come or is not of the API. */
export type ErrorCode = ProblemCode | "unreachable" | "unknown";

/** An error response of the API, or no response at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly diagnostics: Diagnostic[];
  readonly agents: string[];
  /** The gateways that it names. */
  readonly members: string[];
  /** The commit whose outcome is not known. */
  readonly commit: string | null;
  /** The newest revision, which was made in the meantime. */
  readonly head: Problem["head"] | null;

  constructor(status: number, code: ErrorCode, detail: string, problem?: Partial<Problem>) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.diagnostics = problem?.diagnostics ?? [];
    this.agents = problem?.agents ?? [];
    this.members = problem?.members ?? [];
    this.commit = problem?.commit ?? null;
    this.head = problem?.head ?? null;
  }

  /** The same error with these findings. */
  with(diagnostics: Diagnostic[]): ApiError {
    const { members, head, commit } = this;
    const rest = { members, head: head ?? undefined, commit: commit ?? undefined };
    return new ApiError(this.status, this.code, this.message, { ...rest, diagnostics });
  }
}

export interface Call {
  method?: string;
  body?: unknown;
  /** The entity tag that the resource must still have; `*` is any. */
  ifMatch?: string;
  /** The resource must not exist yet. */
  ifAbsent?: boolean;
  dryRun?: boolean;
  query?: Record<string, string | number | undefined>;
  signal?: AbortSignal;
  /** `long`: the gateway asks another server before it responds. `none`: a response of any length. */
  timeout?: "long" | "none";
}

/** The gateway reads from memory and responds within milliseconds: after ten seconds it hangs. */
const TIMEOUT_MS = 10_000;
/** A change waits for the disk and a probe for several fetches from another server, of some seconds each. */
const LONG_TIMEOUT_MS = 30_000;

/** The URL of a call, with the parts of the query that have a value. */
export function address(path: string, query: Call["query"] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return BASE + path + (text ? `?${text}` : "");
}

/** An entity tag in quotes, as RFC 9110 section 8.8.3 requires. */
export function quoted(tag: string): string {
  return tag === "*" || tag.startsWith('"') || tag.startsWith("W/") ? tag : `"${tag}"`;
}

/** Sends a call and returns its response, whatever the body. Throws an ApiError for every status from 400. */
export async function send(path: string, call: Call = {}): Promise<Response> {
  for (;;) {
    if (path !== "/session") await untilLoggedIn(call.signal);
    const response = await once(path, call);
    if (response.ok) return response;
    const error = await refusal(response);
    // A call that got 401 had no effect, so it can be sent again after a log-in.
    if (response.status === 401 && path !== "/session" && sessionEnded()) continue;
    throw error;
  }
}

async function once(path: string, call: Call): Promise<Response> {
  const headers = new Headers({
    Accept: "application/json, application/x-ndjson, application/problem+json",
  });
  if (call.body !== undefined) headers.set("Content-Type", "application/json");
  if (call.ifMatch !== undefined) headers.set("If-Match", quoted(call.ifMatch));
  if (call.ifAbsent) headers.set("If-None-Match", "*");
  const query = { ...call.query, dry_run: call.dryRun ? "true" : undefined };
  const method = call.method ?? "GET";
  const changes = method !== "GET" && !call.dryRun;

  const began = Date.now();
  const limit = new AbortController();
  const signals = [limit.signal, ...(call.signal ? [call.signal] : [])];
  const timers: ReturnType<typeof setTimeout>[] = [];
  const after = (ms: number, act: () => void) => timers.push(setTimeout(act, ms));
  if (!call.timeout) after(TIMEOUT_MS, () => noteNoResponse(began));
  if (call.timeout !== "none")
    after(changes || call.timeout ? LONG_TIMEOUT_MS : TIMEOUT_MS, () => limit.abort());
  try {
    const response = await fetch(address(path, query), {
      method,
      headers,
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      signal: AbortSignal.any(signals),
      credentials: "same-origin",
    });
    noteResponse();
    return response;
  } catch (error) {
    if (call.signal?.aborted) throw error;
    if (!call.timeout) noteNoResponse(began);
    throw noResponse(limit.signal.aborted, changes);
  } finally {
    timers.forEach(clearTimeout);
  }
}

function noResponse(late: boolean, changes: boolean): ApiError {
  if (!late) {
    return new ApiError(
      0,
      "unreachable",
      "The gateway did not respond. Is it running, and can you reach it?",
    );
  }
  const said = changes
    ? `No response within ${LONG_TIMEOUT_MS / 1000} s. The change may have been made: check before you try again.`
    : "The gateway did not respond in time.";
  return new ApiError(0, "timeout", said);
}

/** Sends a call and reads its response as JSON. */
export async function ask<Body>(path: string, call: Call = {}): Promise<Body> {
  const response = await send(path, call);
  if (response.status === 204) return undefined as Body;
  return (await response.json()) as Body;
}

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    const detail = problem.detail ?? problem.title ?? `The API responded with status ${response.status}.`;
    return new ApiError(response.status, problem.code ?? "unknown", detail, problem);
  } catch {
    const said = text.trim().slice(0, 300);
    const detail = `The API responded with status ${response.status}${said ? `: ${said}` : "."}`;
    return new ApiError(response.status, "unknown", detail);
  }
}

/** The message of an error. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
