// The calls of the control API that the console makes, by resource.
import { type Call, ask, quoted, send } from "./client";
import { noteStore, waiting } from "./fleet";
import { lines } from "./lines";
import type { Page } from "./page";
import type * as T from "./schemas";

const one = encodeURIComponent;

/** The outcome of the decisions in a list. */
export type Outcome = "refused" | "allowed" | "would_refuse";

/** What a write requires: that the resource still has a version, or that there is none yet. */
export type Precondition = { ifMatch: string } | { ifAbsent: true };

/** A change, which waits for the whole fleet where there is one. */
const change = <Body>(path: string, call: Call) =>
  ask<Body>(path, call.dryRun ? call : { ...call, query: { ...call.query, ...waiting() } });

export const session = {
  get: () => ask<T.Whoami>("/session"),
  open: (token: string) => ask<void>("/session", { method: "POST", body: { token } }),
  close: () => ask<void>("/session", { method: "DELETE" }),
};

export const agents = {
  list: (query: { limit?: number; after?: string; q?: string }, signal?: AbortSignal) =>
    ask<Page<T.AgentSummary>>("/agents", { query, signal }),
  get: (name: string) => ask<T.AgentDetail>(`/agents/${one(name)}`),
  put: (name: string, spec: T.JsonObject, on: Precondition, dryRun = false, signal?: AbortSignal) =>
    change<T.Written>(`/agents/${one(name)}`, { method: "PUT", body: spec, ...on, dryRun, signal }),
  remove: (name: string, etag: string) =>
    change<T.Written>(`/agents/${one(name)}`, { method: "DELETE", ifMatch: etag }),
  /** What a client finds; `origin` is that of the page in which it runs. */
  discovery: (name: string, origin?: string) =>
    ask<T.AgentDiscovery>(`/agents/${one(name)}/discovery`, { query: { origin } }),
  /** Asks the identity provider as clients do that were given this URL. */
  checkClients: (name: string, body: T.ClientCheckQuestion) =>
    ask<T.ClientCheck>(`/agents/${one(name)}/client-check`, { method: "POST", body, timeout: "long" }),
  card: (name: string) => ask<T.AgentCard>(`/agents/${one(name)}/card`),
  /** Sends a request through the gateway, and yields the events of its response as they arrive. */
  async *test(name: string, body: T.Trial, signal: AbortSignal): AsyncGenerator<T.TrialEvent> {
    const answer = await send(`/agents/${one(name)}/test`, {
      method: "POST",
      body,
      signal,
      timeout: "none",
    });
    if (!answer.body) return;
    for await (const line of lines(answer.body)) yield JSON.parse(line) as T.TrialEvent;
  },
};

export const streams = {
  list: (agent: string) => ask<T.RunningStreams>(`/agents/${one(agent)}/streams`),
  /** Ends one stream of an agent; all of them when none is named. */
  end: (agent: string, id?: number) =>
    ask<T.EndedStreams>(`/agents/${one(agent)}/streams`, { method: "DELETE", query: { id } }),
};

export const targets = {
  list: (agent: string) => ask<T.UpstreamTargets>(`/agents/${one(agent)}/targets`),
  /** Lets a target take no new requests at this gateway, or takes that back. */
  drain: (agent: string, url: string, drain: boolean) =>
    ask<T.UpstreamTarget>(`/agents/${one(agent)}/targets/drain`, { method: "POST", body: { url, drain } }),
};

export const limits = {
  /** How full each limit of an agent is. */
  list: (agent: string) => ask<T.LimitUsages>(`/agents/${one(agent)}/limits`),
  /** The callers of an agent that were refused most often. */
  refusedCallers: (agent: string) => ask<T.RefusedCallers>(`/agents/${one(agent)}/refused-callers`),
};

/** The limits of the callers of every agent. */
export const globalLimits = {
  list: (query: { limit?: number; after?: string; q?: string }) =>
    ask<Page<T.LimitSummary>>("/limits", { query }),
  get: (name: string) => ask<T.LimitDetail>(`/limits/${one(name)}`),
  put: (name: string, spec: T.JsonObject, on: Precondition, dryRun = false) =>
    change<T.Written>(`/limits/${one(name)}`, { method: "PUT", body: spec, ...on, dryRun }),
  remove: (name: string, etag: string) =>
    change<T.Written>(`/limits/${one(name)}`, { method: "DELETE", ifMatch: etag }),
};

export const providers = {
  list: (query: { limit?: number; after?: string; q?: string }) =>
    ask<Page<T.ProviderSummary>>("/identity-providers", { query }),
  get: (name: string) => ask<T.ProviderDetail>(`/identity-providers/${one(name)}`),
  put: (
    name: string,
    spec: T.JsonObject,
    on: Precondition,
    how: { dryRun?: boolean; force?: boolean } = {},
  ) =>
    change<T.Written>(`/identity-providers/${one(name)}`, {
      method: "PUT",
      body: spec,
      ...on,
      dryRun: how.dryRun,
      query: { force: how.force ? "true" : undefined },
      // The gateway may probe the provider first.
      timeout: "long",
    }),
  remove: (name: string, etag: string) =>
    change<T.Written>(`/identity-providers/${one(name)}`, { method: "DELETE", ifMatch: etag }),
  probe: (body: T.ProbeQuestion) =>
    ask<T.Probe>("/identity-providers:probe", { method: "POST", body, timeout: "long" }),
  token: (name: string, body: T.ClientTokenQuestion) =>
    ask<T.ClientToken>(`/identity-providers/${one(name)}/token`, { method: "POST", body, timeout: "long" }),
  fetchKeys: (name: string) =>
    ask<T.ProviderStatus>(`/identity-providers/${one(name)}/fetch`, {
      method: "POST",
      body: {},
      timeout: "long",
    }),
};

export const apiKeys = {
  list: (query: { agent?: string; limit?: number; after?: string }) =>
    ask<Page<T.ApiKey>>("/api-keys", { query }),
  create: (body: T.NewApiKey) => change<T.CreatedApiKey>("/api-keys", { method: "POST", body }),
  revoke: (key: T.ApiKey) =>
    change<T.Written>(`/api-keys/${one(key.id)}/revoke`, { method: "POST", body: {}, ifMatch: key.etag }),
  rotate: (key: T.ApiKey, how: T.RotateApiKey) =>
    change<T.RotatedApiKey>(`/api-keys/${one(key.id)}/rotate`, {
      method: "POST",
      body: how,
      ifMatch: key.etag,
    }),
  remove: (key: T.ApiKey) =>
    change<T.Written>(`/api-keys/${one(key.id)}`, { method: "DELETE", ifMatch: key.etag }),
};

export const denials = {
  list: (query: { limit?: number; after?: string }) => ask<Page<T.Denial>>("/denials", { query }),
  /** Denies somebody; with `dryRun` it says whom that would hit, and does nothing. */
  create: (body: T.NewDenial, dryRun = false) =>
    change<T.DenialMade>("/denials", { method: "POST", body, dryRun }),
  lift: (denial: T.Denial) =>
    change<T.DenialLifted>(`/denials/${one(denial.id)}`, { method: "DELETE", ifMatch: denial.etag }),
};

export const revisions = {
  list: (query: { limit?: number; before?: number; resource?: string }) =>
    ask<T.RevisionPage>("/revisions", { query }),
  get: (number: number) => ask<T.Revision>(`/revisions/${number}`),
  /** The revision that a commit made; an empty list when it made none. */
  ofCommit: (commit: string) => ask<T.RevisionPage>("/revisions", { query: { commit } }),
  rollBack: (number: number, head: number, resource: string, dryRun = false) =>
    change<T.Written>(`/revisions/${number}/rollback`, {
      method: "POST",
      body: { resource },
      ifMatch: quoted(`r${head}`),
      dryRun,
    }),
};

export const documents = {
  /** Puts the last good text of a broken document back on disk. */
  restore: (resource: string) =>
    change<T.Written>("/documents/restore", { method: "POST", body: { resource } }),
};

export const gateway = {
  status: async () => {
    const status = await ask<T.Status>("/status");
    noteStore(status.store);
    return status;
  },
  /** The members of the fleet; only a gateway with a shared store has one. */
  fleet: () => ask<T.Fleet>("/fleet"),
  traffic: () => ask<T.Traffic>("/traffic"),
  reload: () => ask<T.Reloaded>("/reload", { method: "POST", body: {} }),
  explain: (body: T.ExplainQuestion) => ask<T.Explanation>("/explain", { method: "POST", body }),
  decisions: (query: { agent?: string; reason?: string; outcome?: Outcome; limit?: number }) =>
    ask<T.Decisions>("/decisions", { query }),
  decision: (requestId: string) => ask<T.WholeDecision>(`/decisions/${one(requestId)}`),
};
