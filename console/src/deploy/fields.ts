// Finds the field of the form that a finding is about, by its JSON pointer.
import type { Diagnostic } from "../api/schemas";
import type { AgentForm } from "./form";
import { twice } from "./operationRules";
import { PLAIN } from "./plain";

/** A field of the form; a plain setting is named by its pointer. */
export type Field = Exclude<keyof AgentForm, "plain"> | "name" | `/${string}`;

/** The longest matching prefix of a finding's pointer wins. */
const FIELDS: [string, Field][] = [
  ["/display_name", "displayName"],
  ["/route", "path"],
  ["/route/path", "path"],
  ["/route/host", "hosts"],
  ["/route/hosts", "hosts"],
  ["/route/methods", "methods"],
  ["/route/strip_path", "stripPath"],
  ["/upstream", "upstream"],
  ["/upstream/url", "upstream"],
  ["/upstream/targets", "targets"],
  ["/upstream/host", "upstreamHost"],
  ["/upstream/ca_file", "upstreamCaFile"],
  ["/upstream/set_headers", "setHeaders"],
  ["/auth", "authentication"],
  ["/auth/oauth", "authentication"],
  ["/auth/oauth/identity_providers", "providers"],
  ["/auth/oauth/audiences", "audiences"],
  ["/auth/oauth/audience", "audienceKind"],
  ["/auth/oauth/audience_claim", "audienceClaim"],
  ["/auth/oauth/header", "header"],
  ["/auth/oauth/prefix", "prefix"],
  ["/auth/oauth/forward_token", "forwardToken"],
  ["/auth/oauth/forward_token/header", "forwardHeader"],
  ["/auth/oauth/forward_token/scheme", "forwardScheme"],
  ["/auth/oauth/also", "alsoQuery"],
  ["/auth/oauth/scopes", "scopesAll"],
  ["/auth/oauth/scopes/all_of", "scopesAll"],
  ["/auth/oauth/scopes/any_of", "scopesAny"],
  ["/auth/oauth/claims", "claimsAll"],
  ["/auth/oauth/claims/all_of", "claimsAll"],
  ["/auth/oauth/claims/any_of", "claimsAny"],
  ["/auth/oauth/claim_headers", "claimHeaders"],
  ["/auth/oauth/claim_header_text", "claimHeaderText"],
  ["/auth/oauth/max_token_lifetime", "maxTokenLifetime"],
  ["/auth/oauth/sender_constraint", "cnf"],
  ["/auth/oauth/sender_constraint/dpop", "dpop"],
  ["/auth/oauth/sender_constraint/mtls", "mtls"],
  ["/auth/oauth/sender_constraint/any_of", "dpop"],
  ["/auth/oauth/sender_constraint/max_age", "maxAge"],
  ["/auth/oauth/sender_constraint/nonce", "nonce"],
  ["/auth/oauth/sender_constraint/replay_entries", "replayEntries"],
  ["/auth/oauth/require", "acrValues"],
  ["/auth/oauth/require/acr_values", "acrValues"],
  ["/auth/oauth/require/max_auth_age", "maxAuthAge"],
  ["/auth/oauth/require/amr_any", "amrAny"],
  ["/auth/oauth/require/token_profile", "tokenProfile"],
  ["/auth/oauth/require/clients", "clientsAllow"],
  ["/auth/oauth/require/clients/deny", "clientsDeny"],
  ["/auth/oauth/require/actor", "actors"],
  ["/auth/oauth/require/actor/max_depth", "actorDepth"],
  ["/auth/oauth/require/actor/required", "actorRequired"],
  ["/auth/api_key", "keyHeader"],
  ["/auth/api_key/header", "keyHeader"],
  ["/auth/api_key/prefix", "keyPrefix"],
  ["/assertion", "asserts"],
  ["/assertion/header", "assertionHeader"],
  ["/assertion/audience", "assertionAudience"],
  ["/assertion/claims", "assertionClaims"],
  ["/assertion/ttl", "assertionTtl"],
  ["/assertion/on_public", "assertionOnPublic"],
  ["/assertion/alg", "assertionAlg"],
  ["/cors", "corsOrigins"],
  ["/cors/preset", "corsPreset"],
  ["/cors/allowed_origins", "corsOrigins"],
  ["/cors/allowed_methods", "corsMethods"],
  ["/cors/allowed_headers", "corsHeaders"],
  ["/cors/exposed_headers", "corsExposed"],
  ["/cors/allow_credentials", "corsCredentials"],
  ["/cors/max_age", "corsMaxAge"],
  ["/enforcement", "enforcement"],
  ["/limits", "limits"],
  ["/public_url", "publicUrl"],
  ["/protocol", "protocol"],
  ["/mcp", "protocol"],
  ["/mcp/endpoint", "endpoint"],
  ["/mcp/resource_name", "resourceName"],
  ["/mcp/documentation", "documentation"],
  ["/mcp/scopes_supported", "scopesSupported"],
  ["/mcp/rules", "mcpRules"],
  ["/a2a", "protocol"],
  ["/a2a/card", "cardFrom"],
  ["/a2a/card/file", "cardFile"],
  ["/a2a/rules", "a2aRules"],
  ...PLAIN.map(({ pointer }): [string, Field] => [pointer, `/${pointer.slice(1)}`]),
];

/** Fields that are always shown; the others are under "More". */
const FIRST: ReadonlySet<Field> = new Set<Field>([
  "protocol",
  "endpoint",
  "publicUrl",
  "audienceKind",
  "authentication",
  "providers",
  "audiences",
  "header",
  "prefix",
  "forwardToken",
  "keyHeader",
]);

/** Fields that are shown first for a new agent, and under "More" for an existing one. */
const IDENTITY: ReadonlySet<Field> = new Set<Field>([
  "name",
  "displayName",
  "path",
  "hosts",
  "stripPath",
  "upstream",
  "targets",
]);

/** The field for a pointer; `null` when the form has none for it. */
export function fieldOf(pointer: string | null): Field | null {
  if (pointer === null) return null;
  let found: [string, Field] | null = null;
  for (const entry of FIELDS) {
    const begins = pointer === entry[0] || pointer.startsWith(`${entry[0]}/`);
    if (begins && entry[0].length > (found?.[0].length ?? 0)) found = entry;
  }
  return found?.[1] ?? null;
}

export interface Sorted {
  /** The message of each field. */
  beside: Partial<Record<Field, string>>;
  /** Findings without a field in this form. */
  rest: Diagnostic[];
  /** Whether a field that may be collapsed has a message. */
  more: boolean;
}

/** Assigns the errors about `resource` to their fields. Everything else goes to `rest`. */
export function sortFindings(findings: Diagnostic[], resource: string, isNew: boolean): Sorted {
  const sorted: Sorted = { beside: {}, rest: [], more: false };
  for (const finding of findings) {
    const ours = finding.resource === null || finding.resource === resource;
    const field = ours && finding.severity === "error" ? fieldOf(finding.path) : null;
    if (!field) {
      sorted.rest.push(finding);
      continue;
    }
    const said = inField(finding);
    const before = sorted.beside[field];
    sorted.beside[field] = before ? `${before}; ${said}` : said;
    sorted.more ||= IDENTITY.has(field) ? !isNew : !FIRST.has(field);
  }
  return sorted;
}

/** A finding as the message of a field, which cannot show code: backticks become quotation marks. */
export function inField({ message, help }: Pick<Diagnostic, "message" | "help">): string {
  const said = help ? `${message} (${help})` : message;
  return said.replace(/`([^`]+)`/g, "“$1”");
}

const SCHEME = /^((srv\+)?https?:\/\/|unix:)/;

/** What is missing before the gateway is asked. */
export function missing(form: AgentForm, name: string): Partial<Record<Field, string>> {
  const said: Partial<Record<Field, string>> = {};
  if (!name) said.name = "An agent needs a name.";
  else if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
    said.name = "Lowercase letters, digits and dashes only, at most 63, and no dash first.";
  if (!form.path.trim()) said.path = "An agent needs a path, such as /agents/refunds.";
  else if (!form.path.trim().startsWith("/")) said.path = `A path begins with a slash: /${form.path.trim()}`;
  const upstream = form.upstream.trim();
  if (form.targets.length > 0) {
    const url = form.targets.map((target) => target.url.trim()).find((url) => url && !SCHEME.test(url));
    if (form.targets.every((target) => !target.url.trim()))
      said.targets = "An agent needs the URL of at least one target.";
    else if (url !== undefined) said.targets = `Write http://, https:// or unix: first, not ${url}`;
  } else if (!upstream) said.upstream = "An agent needs the URL that requests go to.";
  else if (!SCHEME.test(upstream))
    said.upstream = `Write http://, https:// or unix: first, such as http://${upstream.replace(/^[a-z]+:\/+/i, "")}`;
  if (form.protocol === "mcp" && form.endpoint.trim() && !form.endpoint.trim().startsWith("/"))
    said.endpoint = `A path begins with a slash: /${form.endpoint.trim()}`;
  if (form.protocol === "a2a" && form.cardFrom === "file" && !form.cardFile.trim())
    said.cardFile = "Name the file that holds the card.";
  for (const field of ["mcpRules", "a2aRules"] as const) {
    const again = form.protocol === field.slice(0, 3) && twice(form[field]);
    if (again) said[field] = `Two rules of one kind are for ${again.name.trim()}: remove one.`;
  }
  if (!form.authentication) said.authentication = "Choose who may call.";
  if (form.authentication === "oauth" && form.providers.length === 0) {
    said.providers = "Choose at least one identity provider.";
  }
  return said;
}
