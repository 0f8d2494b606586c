// Denials in words: what one names, which tokens it is about, and until when; and the form that makes one.
import type { Denial, NewDenial } from "../api/schemas";

/** What a denial names. */
export type By = NewDenial["by"];

interface Kind {
  /** In a list, before the name. */
  word: string;
  /** In the form. */
  label: string;
  /** What to type. */
  placeholder: string;
  /** Whether tokens from before are meant unless something else is said. */
  isPast: boolean;
}

export const KINDS: Record<By, Kind> = {
  sub: {
    word: "subject",
    label: "Subject of tokens (sub)",
    placeholder: "mallory@example.com",
    isPast: true,
  },
  client_id: { word: "client", label: "Client (client_id)", placeholder: "build-bot", isPast: false },
  sid: { word: "session", label: "Session at the provider (sid)", placeholder: "0b5e4a", isPast: true },
  act: { word: "actor", label: "Actor, at any depth (act)", placeholder: "agent-7", isPast: false },
  jti: { word: "token id", label: "Token by its id (jti)", placeholder: "8f14e45f", isPast: false },
  token_sha256: { word: "token", label: "Token itself", placeholder: "eyJhbGciOi…", isPast: false },
  kid: { word: "signing key", label: "Signing key (kid)", placeholder: "2026-11", isPast: false },
  api_key: { word: "API key", label: "API key by its id", placeholder: "Yq3Zk81b", isPast: false },
};

export const ORDER = Object.keys(KINDS) as By[];

/** Which tokens a denial is about: those from before now, or new ones as well. */
export type Issued = "now" | "all";

export interface DenialForm {
  by: By;
  /** The name of an identity provider; empty is any. */
  provider: string;
  value: string;
  issued: Issued;
  /** How long, such as `30d`, or `never`. */
  until: string;
  reason: string;
}

export const NEVER = "never";

export const LENGTHS = [
  { value: "1d", label: "a day" },
  { value: "7d", label: "a week" },
  { value: "30d", label: "30 days" },
  { value: "366d", label: "366 days" },
  { value: NEVER, label: "for good" },
];

/** An empty form for this kind, with what the gateway itself would take. */
export function formFor(by: By, more: Partial<DenialForm> = {}): DenialForm {
  const issued: Issued = KINDS[by].isPast ? "now" : "all";
  return {
    by,
    provider: "",
    value: "",
    issued,
    until: by === "api_key" ? NEVER : "30d",
    reason: "",
    ...more,
  };
}

const isBy = (text: string | null): text is By => text !== null && Object.hasOwn(KINDS, text);

/** The form that an address asks for: `?by=sub&value=alice&provider=corp`. A token is in no address. */
export function formOf(search: string): DenialForm {
  const asked = new URLSearchParams(search);
  const by = asked.get("by");
  if (!isBy(by) || by === "token_sha256") return formFor("sub");
  return formFor(by, { value: asked.get("value") ?? "", provider: asked.get("provider") ?? "" });
}

/** The address of the form about this caller. */
export const denyPath = (by: By, value: string, provider: string | null): string =>
  `/denials?${new URLSearchParams({ by, value, ...(provider === null ? {} : { provider }) })}`;

/** What is sent. */
export function written(form: DenialForm): NewDenial {
  const denial: NewDenial = {
    by: form.by,
    value: form.value.trim(),
    issued_before: form.issued,
    until: form.until,
  };
  // Keys of the gateway are of no provider.
  if (form.provider && form.by !== "api_key") denial.provider = form.provider;
  if (form.reason.trim()) denial.reason = form.reason.trim();
  return denial;
}

/** What a denial names, in words. */
export const whatOf = ({ by }: Denial): string => (by === null ? "of a newer version" : KINDS[by].word);

/** Whose tokens it is about. */
export function whoseOf({ by, provider, issuer }: Denial): string {
  if (by === "api_key") return "this gateway";
  return provider ?? issuer ?? "any";
}

/** The form in words, before anything is done. */
export function inWords({ by, issued, until }: DenialForm): string {
  const end =
    until === NEVER ? "for good" : `for ${LENGTHS.find((one) => one.value === until)?.label ?? until}`;
  if (by === "api_key") return "The key is revoked for good, and its running streams end.";
  if (issued === "now") {
    return `Tokens that were issued up to now are refused ${end}, and their running streams end. Tokens that are issued from now on are accepted.`;
  }
  return `Tokens that this names are refused ${end}, whenever they were issued, and their running streams end.`;
}

/** What a dry run found. */
export function foundInWords(streams: number, requests: number): string {
  const running = streams === 1 ? "1 running stream" : `${streams.toLocaleString("en")} running streams`;
  const asked = requests === 1 ? "1 request" : `${requests.toLocaleString("en")} requests`;
  return `It would end ${running}, and would have refused ${asked} of the last hour, of those that this gateway remembers.`;
}

/** A caller, as far as it has proven who it is. */
export interface ProvenCaller {
  key_id: string | null;
  sub?: string | null;
  client_id: string | null;
  provider: string | null;
}

/** The address of the form about a caller: its API key, else its subject, else its client; `null` of one that proved nothing. */
export function denyPathOf({ key_id, sub, client_id, provider }: ProvenCaller): string | null {
  if (key_id !== null) return denyPath("api_key", key_id, null);
  if (provider === null) return null;
  if (sub !== null && sub !== undefined) return denyPath("sub", sub, provider);
  return client_id === null ? null : denyPath("client_id", client_id, provider);
}
