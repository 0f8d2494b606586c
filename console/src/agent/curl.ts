// The curl command that calls an agent with the credential that it requires, quoted for a shell.
import type { AgentDetail, JsonObject } from "../api/schemas";
import { member, text } from "../deploy/spec";

export interface Request {
  method?: string;
  /** Below the agent's route. */
  path?: string;
  headers?: [string, string][];
  body?: string | null;
  /** The credential; a shell variable stands for it when this is absent, and `null` sends none. */
  credential?: string | null;
}

/** The header that holds an agent's credential; `null` when the agent is public. */
export function credentialHeader(
  spec: JsonObject,
): { name: string; prefix: string; variable: string } | null {
  if (typeof spec.auth === "string") return null;
  const auth = spec.auth ?? null;
  const kinds = typeof auth === "object" && auth !== null ? auth : {};
  if ("oauth" in kinds) {
    const oauth = member(auth, "oauth");
    const prefix = text(oauth.prefix, "Bearer");
    return {
      name: text(oauth.header, "Authorization"),
      prefix: prefix ? `${prefix} ` : "",
      variable: "TOKEN",
    };
  }
  const key = member(auth, "api_key");
  const prefix = text(key.prefix);
  return {
    name: text(key.header, "X-API-Key"),
    prefix: prefix ? `${prefix} ` : "",
    variable: "API_KEY",
  };
}

export function curlLine(agent: Pick<AgentDetail, "spec" | "url">, request: Request = {}): string {
  const parts = ["curl -i"];
  const method = request.method ?? "GET";
  if (method !== "GET" || request.body) parts.push(`-X ${quote(method)}`);
  const header = credentialHeader(agent.spec);
  if (header && request.credential) {
    parts.push(`-H ${quote(`${header.name}: ${header.prefix}${request.credential}`)}`);
  } else if (header && request.credential !== null) {
    parts.push(`-H ${withVariable(`${header.name}: ${header.prefix}`, header.variable)}`);
  }
  for (const [name, value] of request.headers ?? []) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (request.body) parts.push(`--data-binary ${quote(request.body)}`);
  parts.push(quote(join(agent.url, request.path ?? "")));
  return parts.join(" ");
}

/** The URL of a path below the agent's route. */
export function join(url: string, path: string): string {
  return path ? (path.startsWith("?") ? url : url.replace(/\/$/, "")) + path : url;
}

/** A shell word, quoted only when it has to be. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Text that ends in a shell variable; double quotes only around text without a meaning to the shell. */
function withVariable(plain: string, variable: string): string {
  return /^[A-Za-z0-9 :_-]*$/.test(plain) ? `"${plain}$${variable}"` : `${quote(plain)}"$${variable}"`;
}
