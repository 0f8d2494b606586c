// What a caller of an agent must know: facts, commands, and the meanings of responses.
import { credentialHeader, curlLine } from "../agent/curl";
import type { AgentDetail } from "../api/schemas";
import { readAuth } from "../deploy/auth";
import { readRoute } from "../deploy/route";
import { either } from "../deploy/receives";
import { visible } from "../parts/visible";
import { audiencesOf } from "./audiences";

export interface Sheet {
  title: string;
  facts: [string, string][];
  lines: { about: string; text: string }[];
  answers: [string, string][];
}

type Agent = Pick<
  AgentDetail,
  "name" | "display_name" | "url" | "client_url" | "protocol" | "audiences" | "spec" | "authentication"
>;

/** `token`: the command that fetches a token, when it is known. */
export function sheetOf(agent: Agent, token: string | null): Sheet {
  const auth = readAuth(agent.spec.auth);
  const route = readRoute(agent.spec.route);
  const header = credentialHeader(agent.spec);
  const url = agent.protocol === "http" ? agent.url : agent.client_url;
  const facts: [string, string][] = [["URL", url]];
  if (route.methods.length) facts.push(["Methods", route.methods.join(", ")]);
  if (header) {
    facts.push([
      "Header",
      `${header.name}: ${header.prefix}${header.variable === "TOKEN" ? "TOKEN" : "API-KEY"}`,
    ]);
  }
  if (agent.authentication === "oauth") {
    const audiences = audiencesOf(agent);
    if (audiences.length) facts.push(["Audience of the token", either(audiences)]);
    if (auth.scopesAll.length) facts.push(["Scopes, all of", auth.scopesAll.join(" ")]);
    if (auth.scopesAny.length) facts.push(["Scopes, at least one of", auth.scopesAny.join(" ")]);
    if (auth.maxTokenLifetime) facts.push(["Maximum token lifetime", auth.maxTokenLifetime]);
  }
  const lines = [];
  if (token) lines.push({ about: "Get a token", text: token });
  lines.push({ about: "Call it", text: curlLine({ ...agent, url }) });
  return {
    title: `How to call ${visible(agent.display_name ?? agent.name)}`,
    facts,
    lines,
    answers: [...REFUSALS[agent.authentication], ...FAILURES],
  };
}

const BUSY: [string, string] = [
  "503",
  "The gateway or the agent is busy. Wait for the time in Retry-After, then try again.",
];

const REFUSALS: Record<AgentDetail["authentication"], [string, string][]> = {
  oauth: [
    [
      "401",
      "The token is missing, expired, for another audience, or not from an accepted provider. Get a new token; do not retry with the same one.",
    ],
    ["403", "The token is valid but lacks a scope or a claim. Request the scopes above, or ask for access."],
    ["503", "The gateway cannot check the token now. Wait for the time in Retry-After, then try again."],
  ],
  api_key: [
    ["401", "The API key is missing, mistyped, expired, revoked, or for another agent. Ask for a new one."],
    BUSY,
  ],
  public: [BUSY],
};

const FAILURES: [string, string][] = [
  ["502, 504", "The gateway allowed the request, but the agent could not be reached or was too slow."],
];

/** The sheet as plain text, to paste into a message. */
export function asText(sheet: Sheet): string {
  return [
    sheet.title,
    "",
    ...sheet.facts.map(([name, value]) => `${name}: ${value}`),
    ...sheet.lines.flatMap(({ about, text }) => ["", `${about}:`, `  ${text}`]),
    "",
    "What the responses mean:",
    ...sheet.answers.map(([status, means]) => `  ${status}: ${means}`),
    "",
    "Every response has the header X-Request-Id. Quote it when you ask for help; never send the token or key.",
    "",
  ].join("\n");
}
