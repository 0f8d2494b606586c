// Forms with a value outside its bounds: what a reader sees beside the field, and that the gateway is not asked. Without a
// browser: the form is rendered once and submitted by what it was given.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { newQueryClient } from "../api/queries";
import { AGENT_BOUNDS, type AgentDetail, PROVIDER_BOUNDS, type ProviderDetail } from "../api/schemas";
import DeployForm from "../deploy/DeployForm";
import { fieldOf as agentField } from "../deploy/fields";
import ProviderEditor from "../providers/ProviderEditor";
import { fieldOf as providerField } from "../providers/form";

type Submit = (event: Pick<FormEvent, "preventDefault">) => void;

const seen = vi.hoisted(() => ({ submits: [] as unknown[] }));

vi.mock("react/jsx-dev-runtime", async (original) => {
  const runtime = await original<{ jsxDEV: (type: unknown, props: object, ...rest: unknown[]) => unknown }>();
  const jsxDEV: typeof runtime.jsxDEV = (type, props, ...rest) => {
    if (type === "form" && "onSubmit" in props) seen.submits.push(props.onSubmit);
    return runtime.jsxDEV(type, props, ...rest);
  };
  return { ...runtime, jsxDEV };
});
vi.mock("./toast", () => ({ useToast: () => vi.fn() }));

const asked: string[] = [];

beforeEach(() => {
  seen.submits.length = asked.length = 0;
  vi.stubGlobal("requestAnimationFrame", vi.fn());
  vi.stubGlobal("fetch", (path: string, { method }: RequestInit) => {
    asked.push(`${method} ${path}`);
    return new Promise(() => undefined);
  });
});
afterEach(() => vi.unstubAllGlobals());

/** What a reader sees of a form. */
function shown(form: ReactElement): string {
  const client = newQueryClient();
  const page = h(QueryClientProvider, { client }, h(MantineProvider, null, form));
  const markup = renderToStaticMarkup(h(Router, { ssrPath: "/", children: page }));
  return markup.replace(/<style[^]*?<\/style>/g, "").replace(/<[^>]*>/g, " ");
}

async function submit(): Promise<void> {
  (seen.submits.at(-1) as Submit)({ preventDefault: () => undefined });
  await new Promise((resolve) => setTimeout(resolve));
}

const agent = (spec: AgentDetail["spec"]): ReactElement =>
  h(DeployForm, {
    agent: {
      name: "refunds",
      spec: { route: "/refunds", upstream: "http://a", auth: "public", ...spec },
      etag: "a",
      managed_by: "store",
    } as Partial<AgentDetail> as AgentDetail,
    onClose: () => undefined,
  });

const provider = (spec: ProviderDetail["spec"]): ReactElement =>
  h(ProviderEditor, {
    provider: {
      name: "corp",
      spec: { issuer: "https://idp.example.com", ...spec },
      etag: "a",
      managed_by: "store",
      used_by_total: 0,
    } as Partial<ProviderDetail> as ProviderDetail,
    onClose: () => undefined,
    scope: "page",
  });

const BEYOND: [string, ReactElement, string][] = [
  ["a number", agent({ max_in_flight: 0 }), "“0” is out of bounds (write something from 1 to 1048576)"],
  [
    "a duration",
    agent({ upstream: { url: "http://a", connect_timeout: "11m" } }),
    "“11m” is out of bounds (write something from 1ms to 10m)",
  ],
  ["a size", agent({ max_body: "0B" }), "“0B” is out of bounds (write something from 1B to 1024GiB)"],
  ["a provider's", provider({ leeway: "6m" }), "“6m” is out of bounds (write something from 0s to 5m)"],
];

it.each(BEYOND)(
  "says of %s beyond its bounds what the gateway would, and does not ask it",
  async (_, form, said) => {
    expect(shown(form)).toContain(said);
    await submit();
    expect(asked).toEqual([]);
  },
);

const WITHIN: [string, ReactElement, string][] = [
  ["agent", agent({ max_in_flight: 1, max_body: "1024GiB" }), "PUT /api/v1/agents/refunds"],
  ["provider", provider({ leeway: "5m", refresh: "1s" }), "PUT /api/v1/identity-providers/corp"],
];

it.each(WITHIN)("sends an %s whose values are at their bounds", async (_, form, call) => {
  expect(shown(form)).not.toContain("out of bounds");
  await submit();
  expect(asked).toEqual([call]);
});

it("has a field of its own for each setting with bounds", () => {
  const fields = [
    ...Object.keys(AGENT_BOUNDS).map(agentField),
    ...Object.keys(PROVIDER_BOUNDS).map(providerField),
  ];
  expect(fields).not.toContain(null);
  expect(new Set(fields).size).toBe(fields.length);
});
