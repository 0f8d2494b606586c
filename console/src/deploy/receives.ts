// Describes in plain sentences who can call the agent with these settings, and what it receives.
import { USUAL_HEADER } from "./assertion";
import type { AgentForm } from "./form";

/** "a", "a or b", "a, b or c" */
export function either(items: string[], word = "or"): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1)}`;
}

/**
 * Who can call the agent, and what it receives of a request. `publicUrl` is that of the gateway: with one, the URL of an
 * agent that speaks MCP is an audience.
 */
export function receives(form: AgentForm, publicUrl: string | null = null): string {
  const shadow = form.enforcement === "shadow" && form.authentication !== "public";
  const parts = [whoPasses(form, shadow, publicUrl), whatArrives(form)];
  const added = form.claimHeaders.filter((row) => row.claim.trim() && row.header.trim());
  if (form.authentication === "oauth" && added.length > 0) {
    const headers = added.map((row) => `${row.header.trim()} (the claim ${row.claim.trim()})`);
    parts.push(
      `The gateway adds ${either(headers, "and")}; a caller cannot set ${added.length > 1 ? "them" : "it"}.`,
    );
  }
  parts.push(whatIsTold(form));
  return parts.filter(Boolean).join(" ");
}

/** What the agent is told of its callers in assertions. */
function whatIsTold(form: AgentForm): string {
  const told = form.authentication === "public" ? form.assertionOnPublic : form.authentication !== null;
  if (!form.asserts || !told) return "";
  const header = form.assertionHeader.trim() || USUAL_HEADER;
  if (form.enforcement === "shadow") return `It gets no assertion in ${header} while it is in shadow mode.`;
  const what = form.authentication === "public" ? "that a request came through it" : "who calls";
  return `The gateway says ${what} in a token that it signs, in ${header}; a caller cannot set it.`;
}

/**
 * Whether the URL of the agent is an audience of its tokens. An agent that speaks MCP never accepts tokens for any: one
 * without audiences and without a public URL is not deployed.
 */
export function ownUrl(form: AgentForm, publicUrl: string | null): boolean {
  const { protocol, audienceKind, audienceClaim, audiences } = form;
  if (protocol !== "mcp" || audienceKind === "custom" || audienceClaim !== "aud") return false;
  return audiences.length === 0 || form.publicUrl.trim() !== "" || publicUrl !== null;
}

function whoPasses(form: AgentForm, shadow: boolean, publicUrl: string | null): string {
  const only = (callers: string) =>
    shadow
      ? `Shadow: every request is allowed, and requests from anyone but ${callers} are counted and logged as “would be refused”.`
      : `Only ${callers} get through.`;
  switch (form.authentication) {
    case null:
      return "Choose who may call this agent.";
    case "public":
      return "Anyone can call this agent.";
    case "api_key":
      return only("callers with an API key of this agent");
    case "oauth": {
      if (form.providers.length === 0) return "Choose the identity providers whose tokens are accepted.";
      const own = ownUrl(form, publicUrl) ? ["the URL of this agent"] : [];
      const written = form.audiences.length ? [`the audience ${either(form.audiences)}`] : [];
      const audience = `for ${either([...written, ...own]) || "any audience"}`;
      return only(`callers with a valid token from ${either(form.providers)}, issued ${audience}`);
    }
  }
}

function whatArrives(form: AgentForm): string {
  switch (form.authentication) {
    case null:
      return "";
    case "public":
      return "The agent receives each request as it was sent; credentials are ignored.";
    case "api_key":
      return `The agent receives the request without the header ${form.keyHeader.trim() || "X-API-Key"}: keys never go upstream.`;
    case "oauth": {
      if (form.providers.length === 0) return "";
      const header = form.header.trim() || "Authorization";
      const other = form.forwardHeader.trim();
      if (form.forwardToken && other) {
        const how = form.forwardScheme === "strip" ? "bare" : "with its scheme";
        return `The agent receives the token in the header ${other}, ${how}; a caller cannot set that header.`;
      }
      return form.forwardToken
        ? `The agent receives the request with the header ${header} exactly as the caller sent it.`
        : `The agent receives the request without the header ${header}: the token stays at the gateway.`;
    }
  }
}
