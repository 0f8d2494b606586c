// The button that drains a target: what it says, what it asks first, and what it asks of the gateway.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newQueryClient } from "../api/queries";
import type { UpstreamTarget } from "../api/schemas";
import { Drain } from "./Drain";

interface Question {
  opened: boolean;
  title: string;
  action: string;
  act: () => Promise<UpstreamTarget>;
  onDone: (answer: UpstreamTarget) => void;
  children: ReactElement;
}

const seen = vi.hoisted(() => ({ questions: [] as Question[], labels: [] as string[], toast: vi.fn() }));

vi.mock("@mantine/core", async (original) => {
  const mantine = await original<typeof import("@mantine/core")>();
  const Button = (props: { "aria-label": string; children?: ReactNode }) => {
    seen.labels.push(props["aria-label"]);
    return h("button", null, props.children);
  };
  return { ...mantine, Button };
});
vi.mock("../parts/Confirm", () => ({
  Confirm: (props: Question) => {
    seen.questions.push(props);
    return h("div", null, props.children);
  },
}));
vi.mock("../parts/toast", () => ({ useToast: () => seen.toast }));

beforeEach(() => {
  seen.questions.length = seen.labels.length = 0;
  seen.toast.mockClear();
});
afterEach(() => vi.unstubAllGlobals());

const target = (over: Partial<UpstreamTarget> = {}): UpstreamTarget => ({
  url: "http://10.0.0.1:9000",
  weight: 1,
  zone: null,
  state: "healthy",
  in_flight: 0,
  last_error: null,
  ...over,
});
const OTHER = target({ url: "http://10.0.0.2:9000" });

/** What a reader sees of the button and of the question that it would ask. */
function shown(one: UpstreamTarget, others: UpstreamTarget[] = [OTHER]): string {
  const button = h(Drain, { agent: "refunds", target: one, all: [one, ...others] });
  const page = h(QueryClientProvider, { client: newQueryClient() }, h(MantineProvider, null, button));
  const markup = renderToStaticMarkup(page).replace(/<style[^]*?<\/style>/g, "");
  return markup.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

it("asks before it drains, with what becomes of the requests there", async () => {
  const text = shown(target({ in_flight: 3 }));
  expect(seen.labels).toEqual(["Drain http://10.0.0.1:9000"]);
  const question = seen.questions[0]!;
  expect(question).toMatchObject({ opened: false, title: "Drain http://10.0.0.1:9000?", action: "Drain" });
  for (const part of [
    "go to the other target.",
    "3 requests that are under way there",
    "at this gateway alone",
  ])
    expect(text).toContain(part);

  const asked: [string, unknown][] = [];
  vi.stubGlobal("fetch", async (path: string, { method, body }: RequestInit) => {
    asked.push([`${method} ${path}`, JSON.parse(String(body))]);
    return new Response(JSON.stringify(target({ state: "draining", in_flight: 3 })), {
      headers: { "Content-Type": "application/json" },
    });
  });
  question.onDone(await question.act());
  expect(asked).toEqual([
    ["POST /api/v1/agents/refunds/targets/drain", { url: "http://10.0.0.1:9000", drain: true }],
  ]);
  expect(seen.toast).toHaveBeenCalledWith(
    "http://10.0.0.1:9000 takes no new requests. 3 requests are under way there.",
  );
});

it.each([
  ["there is no other", []],
  ["all others are drained", [target({ url: "http://b", state: "draining" })]],
  ["all others have no weight", [target({ url: "http://b", state: "draining", weight: 0 })]],
])("says that callers get 503 where %s", (_, others) => {
  expect(shown(target(), others)).toContain("callers get 503 from then on");
});

it("offers to take a drain back", () => {
  shown(target({ state: "draining" }));
  expect(seen.labels).toEqual(["Undrain http://10.0.0.1:9000"]);
});

it("says why a target that the configuration drains has no button", () => {
  expect(shown(target({ state: "draining", weight: 0 }))).toContain("weight 0");
  expect(seen.labels).toEqual([]);
});
