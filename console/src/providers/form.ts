// An identity provider as its form edits it. As with agents, members that the form does not know are kept.
import type { Json, JsonObject } from "../api/schemas";
import { flag, isObject, list, member, put, text } from "../deploy/spec";
import { type EventsForm, readEvents, writeEvents } from "./eventsForm";
import { type IntrospectionForm, readIntrospection, writeIntrospection } from "./introspectionForm";

/** The source of the keys. The two files are on the gateway's disk: the form can keep them, but not set them. */
export type Source =
  "discovery" | "jwks_uri" | "jwks" | "public_key" | "jwks_file" | "public_key_file" | "spiffe";

export const SOURCES: Source[] = ["jwks_uri", "jwks", "public_key", "jwks_file", "public_key_file", "spiffe"];

export interface ProviderForm extends IntrospectionForm, EventsForm {
  issuer: string;
  source: Source;
  jwksUri: string;
  jwks: string;
  publicKey: string;
  /** Of SPIFFE; its tokens are told by it, and not by an issuer. */
  trustDomain: string;
  /** Empty where the bundle is in a file on the gateway's disk, which the form keeps. */
  bundleUrl: string;
  algorithms: string[];
  leeway: string;
  refresh: string;
  maxStale: string;
  caFile: string;
  clientClaim: string;
  egressProxy: string;
  insecureHttp: boolean;
}

export const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
];

export function formOf(spec: JsonObject): ProviderForm {
  return {
    issuer: text(spec.issuer),
    source: SOURCES.find((source) => source in spec) ?? "discovery",
    jwksUri: text(spec.jwks_uri),
    jwks: isObject(spec.jwks) ? JSON.stringify(spec.jwks, null, 2) : "",
    publicKey: text(spec.public_key),
    trustDomain: text(member(spec, "spiffe").trust_domain),
    bundleUrl: text(member(spec, "spiffe").bundle_url),
    algorithms: list(spec.algorithms),
    leeway: text(spec.leeway),
    refresh: text(spec.refresh),
    maxStale: text(spec.max_stale),
    caFile: text(spec.ca_file),
    clientClaim: text(spec.client_claim),
    egressProxy: text(spec.egress_proxy),
    insecureHttp: flag(spec.insecure_http, false),
    ...readIntrospection(spec),
    ...readEvents(spec),
  };
}

/** The specification that the form was read from, with the changes of the form. */
export function specOf(form: ProviderForm, original: JsonObject): JsonObject {
  const spec = structuredClone(original);
  if (form.source === "spiffe") {
    delete spec.issuer;
    spec.spiffe = spiffeOf(form, member(original, "spiffe"));
  } else spec.issuer = form.issuer.trim();
  for (const source of SOURCES) if (source !== form.source) delete spec[source];
  if (form.source !== "discovery") delete spec.discovery;
  if (form.source === "jwks_uri") spec.jwks_uri = form.jwksUri.trim();
  if (form.source === "jwks") spec.jwks = parse(form.jwks) ?? form.jwks;
  if (form.source === "public_key" && spec.public_key !== form.publicKey) {
    spec.public_key = `${form.publicKey.trim()}\n`;
  }
  put(spec, "algorithms", form.algorithms, []);
  put(spec, "leeway", form.leeway.trim(), "");
  put(spec, "refresh", form.refresh.trim(), "");
  put(spec, "max_stale", form.maxStale.trim(), "");
  put(spec, "ca_file", form.caFile.trim(), "");
  put(spec, "client_claim", form.clientClaim.trim(), "");
  put(spec, "egress_proxy", form.egressProxy.trim(), "");
  put(spec, "insecure_http", form.insecureHttp, false);
  writeIntrospection(form, spec);
  writeEvents(form, spec);
  return spec;
}

function spiffeOf(form: ProviderForm, original: JsonObject): JsonObject {
  const spiffe = { ...original, trust_domain: form.trustDomain.trim() };
  put(spiffe, "bundle_url", form.bundleUrl.trim(), "");
  return spiffe;
}

export type ProviderField = keyof ProviderForm | "name";

export function missing(form: ProviderForm, name: string): Partial<Record<ProviderField, string>> {
  const said: Partial<Record<ProviderField, string>> = {};
  if (!name) said.name = "An identity provider needs a name.";
  else if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name))
    said.name = "Lowercase letters, digits and dashes only, at most 63, and no dash first.";
  if (form.source === "spiffe") {
    if (!form.trustDomain.trim()) said.trustDomain = "The trust domain is what tokens have in sub.";
  } else if (!form.issuer.trim()) said.issuer = "The issuer is what tokens have in iss.";
  if (form.source === "jwks_uri" && !form.jwksUri.trim()) said.jwksUri = "The URL of the key set is needed.";
  if (form.source === "jwks" && !isObject(parse(form.jwks))) {
    said.jwks = form.jwks.trim() ? "This is not a JSON object." : 'Paste the key set: {"keys": […]}.';
  }
  if (form.source === "public_key" && !form.publicKey.trim()) {
    said.publicKey = "Paste a PEM public key or certificate.";
  }
  return said;
}

const FIELDS: [string, ProviderField][] = [
  ["/issuer", "issuer"],
  ["/discovery", "source"],
  ["/jwks_uri", "jwksUri"],
  ["/jwks", "jwks"],
  ["/public_key", "publicKey"],
  ["/spiffe", "trustDomain"],
  ["/spiffe/trust_domain", "trustDomain"],
  ["/spiffe/bundle_url", "bundleUrl"],
  ["/algorithms", "algorithms"],
  ["/leeway", "leeway"],
  ["/refresh", "refresh"],
  ["/max_stale", "maxStale"],
  ["/ca_file", "caFile"],
  ["/client_claim", "clientClaim"],
  ["/egress_proxy", "egressProxy"],
  ["/insecure_http", "insecureHttp"],
  ["/introspection/timeout", "introspectionTimeout"],
  ["/introspection/max_ttl", "introspectionTtl"],
  ["/introspection/negative_ttl", "introspectionNegativeTtl"],
  ["/introspection/max_in_flight", "introspectionInFlight"],
  ["/events/poll/interval", "eventsInterval"],
];

/** The field that a finding's pointer names; `null` when the form has none for it. */
export function fieldOf(pointer: string | null): ProviderField | null {
  if (pointer === null) return null;
  const found = FIELDS.filter(([begin]) => pointer === begin || pointer.startsWith(`${begin}/`));
  // The longest is last.
  return found.at(-1)?.[1] ?? null;
}

/** A short name for an issuer: "https://login.example.com/realms/a" is "login-example-com". */
export function nameFor(issuer: string): string {
  try {
    const { hostname } = new URL(issuer);
    return hostname
      .replace(/[^A-Za-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .toLowerCase()
      .slice(0, 63);
  } catch {
    return "";
  }
}

function parse(typed: string): Json | undefined {
  try {
    return JSON.parse(typed) as Json;
  } catch {
    return undefined;
  }
}
