import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, ask } from "./client";
import { loggedIn, loggedOut } from "./login";
import { noteResponse, silentSince } from "./reachability";

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

/** A gateway that never responds; the call rejects when it is aborted. */
const silent = (_: unknown, { signal }: RequestInit) =>
  new Promise<Response>((_, reject) => {
    signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  loggedOut();
  noteResponse();
});

describe("a gateway that does not respond", () => {
  it("is abandoned after ten seconds, and the banner says since when", async () => {
    noteResponse(Date.now());
    const before = Date.now();
    vi.stubGlobal("fetch", silent);
    await vi.advanceTimersByTimeAsync(1);
    const asked = ask("/status").catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(9_900);
    expect(silentSince.value).toBeNull();
    await vi.advanceTimersByTimeAsync(200);
    expect(silentSince.value).toBe(before);
    expect(await asked).toMatchObject({ status: 0, code: "timeout" });
    vi.stubGlobal("fetch", async () => json(200, {}));
    await ask("/status");
    expect(silentSince.value).toBeNull();
  });
  it("may have made a change, and the error says so", async () => {
    vi.stubGlobal("fetch", silent);
    const asked = ask("/reload", { method: "POST", body: {} }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_100);
    expect(((await asked) as ApiError).message).toContain("may have been made");
  });
  it("is not silent when it waits for somebody else", async () => {
    vi.stubGlobal("fetch", silent);
    const asked = ask("/identity-providers:probe", { method: "POST", body: {}, timeout: "long" });
    const failed = asked.catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(await failed).toMatchObject({ code: "timeout" });
    expect(silentSince.value).toBeNull();
  });
});

describe("a session that is over", () => {
  const problem = { title: "Unauthorized", status: 401, code: "unauthorized" };

  it("holds the call until somebody has logged in again, and then sends it once more", async () => {
    loggedIn();
    const responses = [json(401, problem), json(200, { done: true })];
    const fetch = vi.fn(async () => responses.shift());
    vi.stubGlobal("fetch", fetch);
    const asked = ask("/agents/a", { method: "PUT", body: {} });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fetch).toHaveBeenCalledTimes(1);
    loggedIn();
    expect(await asked).toEqual({ done: true });
  });
  it("is an error when nobody was logged in", async () => {
    vi.stubGlobal("fetch", async () => json(401, problem));
    await expect(ask("/status")).rejects.toMatchObject({ status: 401 });
  });
  it("rejects a call that its page has aborted", async () => {
    loggedIn();
    vi.stubGlobal("fetch", async () => json(401, problem));
    const leaving = new AbortController();
    const asked = ask("/agents", { signal: leaving.signal }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1);
    leaving.abort();
    expect(await asked).toMatchObject({ name: "AbortError" });
  });
});
