// The running streams of an agent as a page shows them, and what its buttons ask of the gateway. Without a browser: the
// page is rendered once, and its buttons and its question are pressed by what they were given.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { keys, newQueryClient } from "../api/queries";
import type { AgentDetail, EndedStreams, RunningStream } from "../api/schemas";
import { RunningStreams } from "./RunningStreams";

interface Pressable {
  "aria-label"?: string;
  onClick: () => void;
  children?: ReactNode;
}

interface Question {
  opened: boolean;
  title: string;
  action: string;
  act: () => Promise<EndedStreams>;
  onDone: (answer: EndedStreams) => void;
}

const seen = vi.hoisted(() => ({
  buttons: [] as Pressable[],
  questions: [] as Question[],
  toast: vi.fn(),
}));

vi.mock("@mantine/core", async (original) => {
  const mantine = await original<typeof import("@mantine/core")>();
  const Button = (props: Pressable) => {
    seen.buttons.push(props);
    return h("button", { "aria-label": props["aria-label"] }, props.children);
  };
  return { ...mantine, Button };
});
vi.mock("../parts/Confirm", () => ({ Confirm: (props: Question) => void seen.questions.push(props) }));
vi.mock("../parts/zone", async (original) => ({
  ...(await original<typeof import("../parts/zone")>()),
  useZone: () => "utc",
}));
vi.mock("../parts/toast", () => ({ useToast: () => seen.toast }));

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

const stream = (id: number, over: Partial<RunningStream> = {}): RunningStream => ({
  id,
  kind: "websocket",
  sub: null,
  client_id: "app-7",
  provider: null,
  key_id: null,
  began: new Date(Date.now() - 3 * 3_600_000).toISOString(),
  age_seconds: 10_800,
  expires_at: null,
  ends_at: null,
  request_id: `request-${id}`,
  path: "/refunds/live",
  ...over,
});

/** A gateway that answers every call in this way; what it was asked is kept. */
function gateway(status: number, body: unknown): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (path: string, { method }: RequestInit) => {
    asked.push(`${method} ${path}`);
    return json(status, body);
  });
  return asked;
}

/** The section of an agent with these streams; what a reader sees of it. */
async function shown(items: RunningStream[] | null, spec: AgentDetail["spec"] = {}): Promise<string> {
  const client = newQueryClient();
  client.setDefaultOptions({ queries: { retry: false, retryOnMount: false, gcTime: Infinity } });
  if (items) client.setQueryData(keys.streams("refunds"), { items });
  else await client.prefetchQuery({ queryKey: keys.streams("refunds"), queryFn: () => listing() });
  const section = h(RunningStreams, { agent: { name: "refunds", spec } as AgentDetail });
  const page = h(QueryClientProvider, { client }, h(MantineProvider, null, section));
  const markup = renderToStaticMarkup(h(Router, { ssrPath: "/agents/refunds", children: page }));
  return markup.replace(/<style[^]*?<\/style>/g, "");
}

const listing = async () => (await import("../api/calls")).streams.list("refunds");
const words = (markup: string) => markup.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
const button = (name: string) => seen.buttons.find((one) => one["aria-label"] === name);

beforeEach(() => {
  seen.buttons.length = 0;
  seen.questions.length = 0;
  seen.toast.mockClear();
});
afterEach(() => vi.unstubAllGlobals());

it("shows whose each stream is, its kind, its age and its path", async () => {
  const markup = await shown([
    stream(1),
    stream(2, { kind: "sse", sub: "user-3", provider: "corp", path: "/refunds/\u202eevents" }),
    stream(3, { kind: "grpc", client_id: null, key_id: "key_ab12" }),
    stream(4, { kind: "body", client_id: null }),
    stream(5, { client_id: null, provider: "partner", key_id: "kid-1" }),
  ]);
  const text = words(markup);
  for (const part of ["client app-7", "subject user-3", "API key key_ab12", "a client without a credential"])
    expect(text).toContain(part);
  for (const part of ["WebSocket", "Server-sent events", "gRPC", "Response", "3 h ago", "/refunds/live"])
    expect(text).toContain(part);
  expect(text).toContain("⟨U+202E⟩events");
  // With OAuth, it is the key that signed the token.
  expect(text).not.toContain("kid-1");
  for (const name of ["corp", "partner"]) expect(text.split(`identity provider ${name}`)).toHaveLength(2);
  expect(markup).toContain('href="/identity-providers/corp"');
  expect(markup).toContain('href="/agents/refunds/api-keys"');
  for (const name of [
    "End stream 1 of client app-7",
    "End stream 2 of client app-7, subject user-3",
    "End stream 5 of a client of partner",
  ])
    expect(button(name)).toBeDefined();
});

it("shows when the credential expires, and whether the stream ends then", async () => {
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const times = (markup: string) => markup.match(/<time dateTime="[^"]*"/g) ?? [];
  const ends = await shown([stream(1, { expires_at: at(3_600), ends_at: at(3_665) })]);
  expect(words(ends)).toContain("ends");
  expect(times(ends)).toHaveLength(3);
  const goesOn = await shown([stream(1, { expires_at: at(3_600) })]);
  expect(words(goesOn)).toContain("and it goes on");
  expect(words(await shown([stream(1)]))).toContain("never");
});

it("says that no stream is running, and offers nothing to end", async () => {
  expect(words(await shown([]))).toContain("No stream is running");
  expect(seen.buttons).toEqual([]);
});

it("says that a client may connect again, and how its streams end for good", async () => {
  const text = words(await shown([stream(1)]));
  expect(text).toContain("may connect again");
  expect(text).toContain("revoke its API key or delete the agent");
});

it("says that an agent keeps its streams when a key is revoked", async () => {
  const text = words(await shown([stream(1)], { streams: { on_policy_change: "keep" } }));
  expect(text).toContain("revoke its API key first and then end them here");
});

it("shows a hundred of many streams, and says how many there are", async () => {
  const text = words(await shown(Array.from({ length: 1_200 }, (_, id) => stream(id))));
  expect(text).toContain("The first 100 of 1,200 streams are shown.");
  expect(seen.buttons.filter((one) => one["aria-label"]?.startsWith("End stream"))).toHaveLength(100);
});

it("ends one stream", async () => {
  const asked = gateway(200, { ended: 1 });
  await shown([stream(1), stream(2)]);
  button("End stream 2 of client app-7")?.onClick();
  await vi.waitFor(() => expect(seen.toast).toHaveBeenCalledTimes(1));
  expect(asked).toEqual(["DELETE /api/v1/agents/refunds/streams?id=2"]);
  expect(seen.toast.mock.lastCall).toEqual([
    "The stream of client app-7 is ending. The client may connect again.",
  ]);
});

it.each([
  [404, "not_found", "had ended already", "note"],
  [503, "unavailable", "was not ended: The gateway leaves.", "bad"],
])("says that a stream was not ended, with %i", async (status, code, said, tone) => {
  gateway(status, { status, code, detail: "The gateway leaves." });
  await shown([stream(1)]);
  button("End stream 1 of client app-7")?.onClick();
  await vi.waitFor(() => expect(seen.toast).toHaveBeenCalledTimes(1));
  expect(seen.toast).toHaveBeenCalledWith(expect.stringContaining(said), tone);
});

it("ends all streams only after a question", async () => {
  const asked = gateway(200, { ended: 2 });
  await shown([stream(1), stream(2)]);
  button("End all running streams of refunds")?.onClick();
  expect(asked).toEqual([]);
  const question = seen.questions.at(-1);
  expect(question).toMatchObject({ title: "End all running streams of refunds?", action: "End all" });
  question?.onDone(await question.act());
  expect(asked).toEqual(["DELETE /api/v1/agents/refunds/streams"]);
  expect(seen.toast).toHaveBeenCalledWith("2 streams are ending. Clients may connect again.");
});

it("shows why the streams could not be read", async () => {
  gateway(500, { status: 500, code: "internal", detail: "The list is not there." });
  const text = words(await shown(null));
  expect(text).toContain("The running streams could not be read");
  expect(text).toContain("The list is not there.");
  expect(text).not.toContain("No stream is running");
});
