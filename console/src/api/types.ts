// The shapes of the control API, as it documents them at /openapi.json. Numbers of seconds are Unix time.

export type Authentication = "oauth" | "api_key" | "public";
export type ManagedBy = "store" | "file";
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
export type JsonObject = { [member: string]: Json };

export interface Diagnostic {
  severity: "error" | "warning" | "note";
  code: string;
  message: string;
  help: string | null;
  resource: string | null;
  path: string | null;
  file: string;
  line: number;
  column: number;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  diagnostics?: Diagnostic[];
  agents?: string[];
}

export interface Session {
  by: "token" | "session";
  expires_at: string | null;
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
  total: number;
}

export interface AgentTraffic {
  interval_seconds: number;
  allowed: number[];
  refused: number[];
  /** In shadow: what would have been refused. */
  would_refuse?: number[];
  upstream_failed?: number[];
  top_refusal: { reason: string; count: number } | null;
  top_would_refuse?: { reason: string; count: number } | null;
}

export interface AgentSummary {
  name: string;
  display_name: string | null;
  route: { path: string; host: string | null; hosts: string[]; methods: string[]; strip_path: boolean };
  upstream: string;
  authentication: Authentication;
  identity_providers: string[];
  enforcement: "enforce" | "shadow";
  managed_by: ManagedBy;
  api_keys: number;
  traffic: AgentTraffic;
  upstream_failures_5m?: number;
  last_upstream_failure?: { at: string; cause: string } | null;
}

export interface UpstreamHealth {
  /** By cause, since the gateway started. */
  failures: Record<string, number>;
  last_failure: { at: string; cause: string; detail: string | null; request_id: string | null } | null;
  recent: { failures_5m: number; requests_5m: number };
}

export interface AgentDetail extends AgentSummary {
  etag: string;
  file: string;
  spec: JsonObject;
  url: string;
  upstream_health?: UpstreamHealth;
}

export type Health = "ok" | "stale" | "failing" | "waiting";

export interface ProviderSummary {
  name: string;
  issuer: string;
  source: string;
  managed_by: ManagedBy;
  used_by: string[];
  used_by_total: number;
  health: Health;
  keys: number;
}

export interface ProviderKey {
  kid: string | null;
  algorithms: string[];
  first_seen: number | null;
  last_used: number | null;
}

export interface ProviderStatus {
  provider: string;
  issuer: string;
  source: string;
  usable: boolean;
  tried: boolean;
  confirmed: boolean;
  keys: ProviderKey[];
  last_success: number | null;
  age_seconds: number | null;
  warning: string | null;
  last_error: string | null;
  next_due: number | null;
}

export interface ProviderDetail extends ProviderSummary {
  etag: string;
  file: string;
  spec: JsonObject;
  status: ProviderStatus;
}

export interface Probe {
  issuer: string;
  ok: boolean;
  metadata_url: string | null;
  jwks_uri: string | null;
  token_endpoint: string | null;
  keys: { kid: string | null; algorithms: string[] }[];
  algorithms: string[];
  skipped: { key: string; reason: string }[];
  problems: { message: string; help: string | null }[];
}

export interface TokenRequest {
  client_id: string;
  client_secret: string;
  scope?: string;
  audience?: string;
  resource?: string;
  authentication?: "basic" | "post";
}

export interface Token {
  access_token: string;
  token_type: string | null;
  expires_in: number | null;
  scope: string | null;
}

export interface ApiKey {
  id: string;
  agent: string;
  name: string | null;
  masked: string;
  state: "active" | "expired" | "revoked";
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  managed_by: ManagedBy;
  etag: string;
  created_at?: string | null;
  replaces?: string | null;
}

export interface NewApiKey extends ApiKey {
  key: string;
  old_expires_at?: string;
}

export interface RevisionSummary {
  number: number;
  at: string;
  who: string;
  what: string;
  changes: { resource: string; action: "created" | "updated" | "deleted" }[];
}

export interface RevisionDetail extends Omit<RevisionSummary, "changes"> {
  changes: (RevisionSummary["changes"][number] & {
    from: string | null;
    to: string | null;
    diff: string;
  })[];
}

export interface RevisionPage {
  items: RevisionSummary[];
  next: number | null;
  head: number;
}

export interface Written {
  resource: string | null;
  etag: string | null;
  revision: number | null;
  live: string;
  diff: string;
  warnings: Diagnostic[];
  dry_run: boolean;
  removed?: string[];
  /** Of a provider: who calls with its tokens. */
  impact?: { agents: string[]; calls: number; window_seconds: number };
  /** Of a provider whose issuer or source of keys changes. */
  probe?: Probe;
}

export interface Attention {
  level: "error" | "warning" | "note";
  code: string;
  text: string;
  subject: { kind: string; name: string } | null;
  since: string | null;
  until: string | null;
}

/** A document that cannot be read as it stands on disk; what was live before goes on. */
export interface BrokenDocument {
  /** `null` when the name of the file is none that a resource can have. */
  resource: string | null;
  file: string;
  since: string | null;
  diagnostics: Diagnostic[];
  last_good_revision: number | null;
  /** Whether there is a last good text to put back. */
  restorable: boolean;
}

export interface Status {
  version: string;
  started_at: string;
  live: { revision: string; number: number };
  store: { kind: "directory" | "file"; writable: boolean; reason: string | null; place: string | null };
  last_reload: { at: string; result: "applied" | "unchanged" | "refused" };
  refused: { at: string; diagnostics: Diagnostic[] } | null;
  warnings: Diagnostic[];
  counts: { agents: number; identity_providers: number; api_keys: number };
  listeners: { address: string; tls: boolean }[];
  public_url: string | null;
  draining: boolean;
  identity_providers: ProviderStatus[];
  attention?: Attention[];
  broken_documents?: BrokenDocument[];
  /** The last revision: who made it, and whether its text is what is live. */
  head?: { number: number; by: string | null; text_is_live: boolean };
}

export interface Traffic {
  interval_seconds: number;
  times: number[];
  by_reason: Record<string, number[]>;
  allowed: number[];
  refused: number[];
  would_refuse?: number[];
  upstream_failed?: number[];
  p50_ms: (number | null)[];
  p99_ms: (number | null)[];
}

export interface Check {
  check: string;
  ok: boolean | null;
  seen: string | null;
  wanted: string | null;
  fix: string | null;
}

export interface Explanation {
  decision: string;
  reason: string;
  status: number;
  agent: string;
  provider: string | null;
  checks: Check[];
}

export interface Reloaded {
  result: "applied" | "unchanged";
  revision: string;
  warnings: Diagnostic[];
}

export interface Decision {
  at: string | null;
  agent: string | null;
  /** How the caller was to prove itself. */
  method: string;
  decision: "allow" | "deny" | "error" | "shadow_deny";
  reason: string;
  provider: string | null;
  request_id: string;
  http_method?: string | null;
  path?: string | null;
  remote?: string | null;
  status?: number | null;
  /** Why the agent gave no answer to a request that was let through. */
  upstream_error?: string | null;
  key_id?: string | null;
  key_name?: string | null;
  client_id?: string | null;
  /** The check that failed, what it saw (unverified) and what it wanted, and what to do. */
  check?: string | null;
  seen?: string | null;
  wanted?: string | null;
  fix?: string | null;
}

export interface Decisions {
  items: Decision[];
  /** How far back refusals are kept. */
  refusals_since?: string | null;
}

/** One decision, looked up by its request id. */
export interface Verdict {
  time: string | null;
  agent: string | null;
  /** Of HTTP. */
  method: string | null;
  path: string | null;
  remote: string | null;
  decision: Decision["decision"];
  reason: string;
  status: number | null;
  provider: string | null;
  key_id: string | null;
  key_name?: string | null;
  client_id: string | null;
  check: string | null;
  seen: string | null;
  wanted: string | null;
  fix: string | null;
  auth_method?: string | null;
  request_id?: string;
  iss?: string | null;
  aud?: string | null;
  kid?: string | null;
  upstream_error?: string | null;
  /** The members that only the caller vouches for. */
  unverified?: string[];
}

export type Outcome = "refused" | "allowed" | "would_refuse";

export interface TestRequest {
  method: string;
  path: string;
  headers: [string, string][];
  body: string | null;
  credential: string | null;
}

export type TestEvent =
  | { event: "head"; status: number; headers: [string, string][]; ms: number }
  | { event: "data"; text?: string; base64?: string; ms: number }
  | { event: "end"; bytes: number; truncated?: boolean; ms: number }
  | { event: "error"; message: string; ms: number };
