// What is known of the clients that people use: where each stops, and what a finding means for whom.
import type { ClientCheckResult, ClientCheckRow, ClientCheckTopic } from "../api/schemas";

export const CLIENTS = [
  "Claude",
  "ChatGPT",
  "Claude Code",
  "VS Code",
  "Cursor",
  "Codex",
  "MCP Inspector",
] as const;

export type Client = (typeof CLIENTS)[number];

/** What a check is called. */
export const TITLES: Record<ClientCheckTopic, string> = {
  resource: "The URL in the metadata",
  reach: "Reaching the URL",
  audience: "Audience of the token",
  credential: "Header of the token",
  page: "Clients in a browser",
  authorization_server: "Metadata of the identity provider",
  issuer: "Issuer in its metadata",
  pkce: "PKCE with S256",
  registration: "Registration of clients",
  scopes: "Scopes to ask for",
};

/** What a check means, and for whom. */
export const MEANINGS: Record<ClientCheckTopic, string> = {
  resource:
    "VS Code compares letter by letter, the slash at the end included. The SDKs, which most other clients are built on, accept the same origin and a path above.",
  reach:
    "The connectors of Claude and ChatGPT call from servers of their own, so they need a public https URL. The others call from the machine of their user.",
  audience:
    "Clients ask for a token for this URL; some never do, and some providers, such as Entra, refuse to be asked. Then the provider must issue the audience that is accepted.",
  credential: "No client sends a token in another header.",
  page: "MCP Inspector without its own proxy, and other clients in a page. Connectors and programs need no CORS.",
  authorization_server:
    "Every client takes the first identity provider alone. A 404 makes it look in the next place; 429, or a status from 500 on, ends the search.",
  issuer: "Clients must compare the two letter by letter; the Python SDK stops at a difference.",
  pkce: "Clients must refuse a provider that does not name S256.",
  registration: "Without either, people must enter a client ID that was registered for their client.",
  scopes:
    "Clients ask for what the metadata or the challenge names, and an unknown scope can end the log-in. Claude asks for more by itself; ChatGPT asks once more; people log in again in Claude Code; Codex never asks for more.",
};

/** Whom a warning stops: of a client that is not named, it is an inconvenience, or nothing. */
const STOPPED_BY_WARNING: Partial<Record<ClientCheckTopic, readonly Client[]>> = {
  resource: ["VS Code"],
  reach: ["Claude", "ChatGPT"],
  page: ["MCP Inspector"],
};

/** Checks whose warning is no matter for a client that it does not stop. */
const ELSEWHERE_NOTHING: ReadonlySet<ClientCheckTopic> = new Set<ClientCheckTopic>([
  "resource",
  "reach",
  "page",
]);

export interface Verdict {
  client: Client;
  outcome: ClientCheckResult;
  /** The checks that say so. */
  because: ClientCheckTopic[];
}

const RANK: Record<ClientCheckResult, number> = { ok: 0, unknown: 1, warn: 2, bad: 3 };

/** What a check means for one client. */
function forClient(client: Client, { topic, outcome }: ClientCheckRow): ClientCheckResult {
  // A client that calls from a page is stopped by a warning, others do not notice.
  if (outcome !== "warn") return outcome;
  if (STOPPED_BY_WARNING[topic]?.includes(client)) return "bad";
  return ELSEWHERE_NOTHING.has(topic) ? "ok" : "warn";
}

/** How far each client gets: what is worst of it says so. */
export function verdicts(rows: readonly ClientCheckRow[]): Verdict[] {
  return CLIENTS.map((client) => {
    const found = rows.map((row) => ({ topic: row.topic, outcome: forClient(client, row) }));
    const outcome = found.reduce<ClientCheckResult>(
      (worst, one) => (RANK[one.outcome] > RANK[worst] ? one.outcome : worst),
      "ok",
    );
    const because =
      outcome === "ok" ? [] : found.filter((one) => one.outcome === outcome).map((one) => one.topic);
    return { client, outcome, because };
  });
}
