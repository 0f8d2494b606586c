// How a token for an agent is asked of an identity provider: what the request says, and the line for a shell.
import { quote } from "../agent/curl";
import type { JsonObject } from "../api/schemas";
import { list, member } from "../deploy/spec";
import { type Ask, vendorOf } from "./vendors";

/** What an agent wants of tokens. */
export interface Wants {
  audiences: string[];
  /** Enough of them to be let in: every one of `all_of`, and one of `any_of`. */
  scopes: string[];
}

export function wantsOf(spec: JsonObject): Wants {
  const oauth = member(spec.auth, "oauth");
  const scopes = member(oauth, "scopes");
  const all = list(scopes.all_of);
  const any = list(scopes.any_of);
  const enough = any.length === 0 || any.some((scope) => all.includes(scope));
  return { audiences: list(oauth.audiences), scopes: enough ? all : [...all, ...any.slice(0, 1)] };
}

/** What the request says. A provider that is not known gets both names of an audience; it passes over what it does not know. */
export function askFor(issuer: string, wants: Wants): Ask {
  const audience = wants.audiences[0] ?? null;
  const vendor = vendorOf(issuer);
  if (vendor?.ask) return vendor.ask(audience, wants.scopes);
  const ask: Ask = {};
  if (wants.scopes.length) ask.scope = wants.scopes.join(" ");
  if (audience) ask.audience = audience;
  // RFC 8707: a resource is an absolute URI without a fragment.
  if (audience && /^[a-z][a-z0-9+.-]*:[^#]+$/i.test(audience)) ask.resource = audience;
  return ask;
}

/** A line that puts a token into the variable TOKEN. */
export function tokenLine(issuer: string, endpoint: string | null, wants: Wants): string {
  const vendor = vendorOf(issuer);
  const audience = wants.audiences[0] ?? "AUDIENCE";
  if (vendor && vendor.ask === null && vendor.how) {
    const [command = "", note] = vendor.how
      .replaceAll("AUDIENCE_IN_URL", encodeURIComponent(audience))
      .replaceAll("AUDIENCE", quote(audience))
      .split("   # ");
    return `TOKEN=$(${command})${note ? `   # ${note}` : ""}`;
  }
  const parts = [
    'curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials',
    ...Object.entries(askFor(issuer, wants)).map(
      ([name, value]) => `--data-urlencode ${quote(`${name}=${value}`)}`,
    ),
    `${endpoint ? quote(endpoint) : '"$TOKEN_ENDPOINT"'} | jq -r .access_token`,
  ];
  return `TOKEN=$(${parts.join(" \\\n  ")})`;
}
