// Writes src/api/schemas.ts from the document of the control API (docs/openapi.json): its types, the plain settings of an
// agent, the bounds of settings, and the methods of a test request. With --check it only reports whether the file is stale.
import { readFile, writeFile } from "node:fs/promises";
import { format, resolveConfig } from "prettier";

const source = new URL("../../docs/openapi.json", import.meta.url);
const target = new URL("../src/api/schemas.ts", import.meta.url);

const { components } = JSON.parse(await readFile(source, "utf8"));

/** A shape of the document as a TypeScript type. */
function type(shape) {
  if (shape === true) return "Json";
  if (shape.$ref) return shape.$ref.split("/").at(-1);
  if ("const" in shape) return JSON.stringify(shape.const);
  if (shape.enum) return union(shape.enum.map((word) => JSON.stringify(word)));
  const choice = shape.anyOf ?? shape.oneOf;
  if (choice) return union(choice.map(type));
  if (shape.type === undefined) return "Json";
  return union([shape.type].flat().map((kind) => single(kind, shape)));
}

function union(types) {
  return [...new Set(types)].join(" | ");
}

function single(kind, shape) {
  switch (kind) {
    case "object":
      return object(shape);
    case "array":
      return shape.prefixItems
        ? `[${shape.prefixItems.map(type).join(", ")}]`
        : `(${type(shape.items ?? true)})[]`;
    case "integer":
      return "number";
    case "number":
    case "string":
    case "boolean":
    case "null":
      return kind;
    default:
      throw new Error(`docs/openapi.json has a type that this script does not know: ${kind}`);
  }
}

function object({ properties, required = [], additionalProperties }) {
  if (properties) {
    const members = Object.entries(properties).map(
      ([name, shape]) => `${doc(shape)}${name}${required.includes(name) ? "" : "?"}: ${type(shape)};`,
    );
    return `{ ${members.join("\n")} }`;
  }
  return typeof additionalProperties === "object"
    ? `Record<string, ${type(additionalProperties)}>`
    : "JsonObject";
}

function doc({ description }) {
  return description ? `\n/** ${description.replaceAll("*/", "* /")} */\n` : "";
}

/** Texts without bounds that are plain settings all the same; the others have fields of their own. */
const TEXTS = new Set(
  [
    ...["hash", "server_name", "cert_file", "key_file"],
    ...["health/path", "health/host", "eject/max_share", "retry/budget"],
  ].map((setting) => `/upstream/${setting}`),
);

/** The plain settings of an agent: those whose form field is derived from their shape. */
function settings(shape, section = "") {
  return Object.entries(shape.properties).flatMap(([key, value]) => {
    const pointer = `${section}/${key}`;
    // Authentication has fields of its own.
    if (pointer === "/auth") return [];
    const inner = [value, ...(value.anyOf ?? [])].find((one) => one.properties);
    if (inner) return settings(inner, pointer);
    const kind = TEXTS.has(pointer) ? { kind: "text" } : kindOf(value);
    return kind ? [{ pointer, doc: value.description, ...kind }] : [];
  });
}

function kindOf(shape) {
  const { type, enum: words, default: usual, description } = shape;
  if (words?.every((word) => typeof word === "number"))
    return { kind: "choice", words: words.map(String), numbers: true };
  if (words) return { kind: "choice", words };
  const bounds = boundsOf(shape);
  // A number, or a text of a form that has no bounds, such as a status or a range of them.
  if (!bounds && shape.anyOf?.some(isCount)) return { kind: "text" };
  if (bounds) return { kind: bounds.kind === "count" ? "count" : "text" };
  if (type !== "boolean") return null;
  const said = usual ?? /default (true|false)/.exec(description)?.[1];
  if (said === undefined) throw new Error(`a switch without a default: ${description}`);
  return { kind: "switch", usual: String(said) === "true" };
}

const isCount = ({ type, minimum, maximum }) =>
  type === "integer" && minimum !== undefined && maximum !== undefined;

/** The bounds of a number, a duration or a size, as the gateway writes them; `null` where there are none. */
function boundsOf(shape) {
  const { anyOf = [], minimum, maximum } = shape;
  if (shape["x-duration"]) return { kind: "duration", ...shape["x-duration"] };
  if (shape["x-size"]) return { kind: "size", ...shape["x-size"] };
  if (isCount(shape)) return { kind: "count", minimum: String(minimum), maximum: String(maximum) };
  const inner = anyOf.map(boundsOf).filter(Boolean);
  // A size may be a number, too, and its bounds are written with a unit all the same.
  const bounds = inner.find(({ kind }) => kind !== "count") ?? inner[0];
  // What may be another text as well has no bounds that the form could hold it to.
  if (bounds?.kind === "count" && anyOf.some((one) => one.pattern)) return null;
  const words = anyOf.flatMap((one) => one.enum ?? []);
  return bounds ? (words.length ? { ...bounds, words } : bounds) : null;
}

/** The bounds of all settings of a shape, by where each stands in the specification. */
function allBounds(shape, section = "") {
  const sections = [shape, ...(shape.anyOf ?? [])].filter((one) => one.properties);
  const settings = sections.flatMap((one) => Object.entries(one.properties));
  return settings.flatMap(([key, value]) => {
    const pointer = `${section}/${key}`;
    const bounds = boundsOf(value);
    return bounds ? [[pointer, bounds]] : allBounds(value, pointer);
  });
}

const bounds = (shape) => JSON.stringify(Object.fromEntries(allBounds(shape)));

const types = Object.entries(components.schemas).map(([name, shape]) =>
  shape.properties
    ? `${doc(shape)}export interface ${name} ${object(shape)}`
    : `${doc(shape)}export type ${name} = ${type(shape)};`,
);
const text = await format(
  `// Made from docs/openapi.json by "npm run types"; change the type that the gateway serves instead.

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
export type JsonObject = { [member: string]: Json };

${types.join("\n\n")}

/** A setting of an agent whose form field is derived from its shape; \`pointer\` is its place in the specification. */
export type PlainSetting = { pointer: string; doc: string } & (
  | { kind: "switch"; usual: boolean }
  | { kind: "choice"; words: string[]; numbers?: true }
  | { kind: "count" }
  | { kind: "text" }
);

export const PLAIN_SETTINGS: readonly PlainSetting[] = ${JSON.stringify(settings(components.schemas.AgentSpec))};

/** The methods that a test request can have. */
export const TRIAL_METHODS = ${JSON.stringify(components.schemas.Trial.properties.method.enum)} as const;

/** The least and the greatest value of a setting, as people write them, and the words that may stand there instead. */
export interface Bounds {
  kind: "count" | "duration" | "size";
  minimum: string;
  maximum: string;
  words?: string[];
}

/** Bounds by where a setting stands in the specification. */
export type AllBounds = Readonly<Record<string, Bounds>>;

export const AGENT_BOUNDS: AllBounds = ${bounds(components.schemas.AgentSpec)};

export const PROVIDER_BOUNDS: AllBounds = ${bounds(components.schemas.ProviderSpec)};\n`,
  { ...(await resolveConfig(target)), parser: "typescript" },
);

if (process.argv.includes("--check")) {
  if (text !== (await readFile(target, "utf8").catch(() => ""))) {
    console.error('src/api/schemas.ts is stale: the control API has changed. Run "npm run types".');
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
