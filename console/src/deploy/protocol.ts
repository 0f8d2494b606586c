// Converts what an agent speaks between specification and form. Members of `mcp` and `a2a` without a field are kept.
import type { AgentProtocol, Json, JsonObject } from "../api/schemas";
import {
  A2A_KINDS,
  MCP_KINDS,
  type OperationRules,
  readOperationRules,
  writeOperationRules,
} from "./operationRules";
import { isObject, list, member, put, text } from "./spec";

export type CardFrom = "rewrite" | "passthrough" | "file";

export interface ProtocolForm {
  protocol: AgentProtocol;
  publicUrl: string;
  endpoint: string;
  resourceName: string;
  documentation: string;
  scopesSupported: string[];
  cardFrom: CardFrom;
  cardFile: string;
  mcpRules: OperationRules;
  a2aRules: OperationRules;
}

const CARDS: Record<string, CardFrom> = { rewrite: "rewrite", passthrough: "passthrough" };

export function readProtocol(spec: JsonObject): ProtocolForm {
  const mcp = member(spec, "mcp");
  const { card, rules } = member(spec, "a2a");
  return {
    protocol: spec.protocol === "mcp" || spec.protocol === "a2a" ? spec.protocol : "http",
    publicUrl: text(spec.public_url),
    endpoint: text(mcp.endpoint, "/mcp"),
    resourceName: text(mcp.resource_name),
    documentation: text(mcp.documentation),
    scopesSupported: list(mcp.scopes_supported),
    cardFrom: isObject(card) ? "file" : (CARDS[text(card)] ?? "rewrite"),
    cardFile: isObject(card) ? text(card.file) : "",
    mcpRules: readOperationRules(mcp.rules, MCP_KINDS),
    a2aRules: readOperationRules(rules, A2A_KINDS),
  };
}

/** Writes the form into `spec`; the block of a protocol that the agent does not speak would be an error, and goes. */
export function writeProtocol(form: ProtocolForm, spec: JsonObject): void {
  put(spec, "protocol", form.protocol, "http");
  put(spec, "public_url", form.publicUrl.trim(), "");
  if (form.protocol === "mcp") block(spec, "mcp", (mcp) => writeMcp(form, mcp));
  else delete spec.mcp;
  if (form.protocol === "a2a") block(spec, "a2a", (a2a) => writeA2a(form, a2a));
  else delete spec.a2a;
}

/** Changes a block in place of the old one. One that was written empty stays, and no empty one is added. */
function block(spec: JsonObject, name: string, change: (block: JsonObject) => void): void {
  const written = { ...member(spec, name) };
  change(written);
  put(spec, name, written, {});
}

function writeMcp(form: ProtocolForm, mcp: JsonObject): void {
  put(mcp, "endpoint", form.endpoint.trim(), "/mcp");
  put(mcp, "resource_name", form.resourceName.trim(), "");
  put(mcp, "documentation", form.documentation.trim(), "");
  put(mcp, "scopes_supported", form.scopesSupported, []);
  writeRules(mcp, writeOperationRules(form.mcpRules, mcp.rules, MCP_KINDS));
}

function writeRules(block: JsonObject, rules: Json | undefined): void {
  if (rules === undefined) delete block.rules;
  else block.rules = rules;
}

function writeA2a(form: ProtocolForm, a2a: JsonObject): void {
  const file = { ...(isObject(a2a.card) ? a2a.card : {}), file: form.cardFile.trim() };
  const card: Json = form.cardFrom === "file" ? file : form.cardFrom;
  put(a2a, "card", card, "rewrite");
  writeRules(a2a, writeOperationRules(form.a2aRules, a2a.rules, A2A_KINDS));
}
