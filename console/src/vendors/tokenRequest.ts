// Requests a token for an agent from an identity provider: the parameters, and the command for a shell.
import { quote } from "../agent/curl";
import type { JsonObject } from "../api/schemas";
import { list, member } from "../deploy/spec";
import { type TokenRequest, vendorOf } from "./vendors";

/** What an agent requires of a token. */
export interface Requirements {
  audiences: string[];
  /** A sufficient set: all of `all_of`, and one of `any_of`. */
  scopes: string[];
}

export function requirementsOf(spec: JsonObject): Requirements {
  const oauth = member(spec.auth, "oauth");
  const scopes = member(oauth, "scopes");
  const all = list(scopes.all_of);
  const any = list(scopes.any_of);
  const enough = any.length === 0 || any.some((scope) => all.includes(scope));
  return { audiences: list(oauth.audiences), scopes: enough ? all : [...all, ...any.slice(0, 1)] };
}

/** The parameters of the request. A provider without a template gets both names of an audience, and ignores one. */
export function tokenRequestFor(issuer: string, wants: Requirements): TokenRequest {
  const audience = wants.audiences[0] ?? null;
  const vendor = vendorOf(issuer);
  if (vendor?.request) return vendor.request(audience, wants.scopes);
  const request: TokenRequest = {};
  if (wants.scopes.length) request.scope = wants.scopes.join(" ");
  if (audience) request.audience = audience;
  // RFC 8707: a resource is an absolute URI without a fragment.
  if (audience && /^[a-z][a-z0-9+.-]*:[^#]+$/i.test(audience)) request.resource = audience;
  return request;
}

/** A command that puts a token into the variable TOKEN. */
export function tokenLine(issuer: string, endpoint: string | null, wants: Requirements): string {
  const vendor = vendorOf(issuer);
  const audience = wants.audiences[0] ?? "AUDIENCE";
  if (vendor && vendor.request === null && vendor.how) {
    const [command = "", note] = vendor.how
      .replaceAll("AUDIENCE_IN_URL", encodeURIComponent(audience))
      .replaceAll("AUDIENCE", quote(audience))
      .split("   # ");
    return `TOKEN=$(${command})${note ? `   # ${note}` : ""}`;
  }
  const parts = [
    'curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials',
    ...Object.entries(tokenRequestFor(issuer, wants)).map(
      ([name, value]) => `--data-urlencode ${quote(`${name}=${value}`)}`,
    ),
    `${endpoint ? quote(endpoint) : '"$TOKEN_ENDPOINT"'} | jq -r .access_token`,
  ];
  return `TOKEN=$(${parts.join(" \\\n  ")})`;
}
