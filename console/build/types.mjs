// Writes src/api/schemas.ts: the types of what the control API takes and gives, from the document that it serves
// (docs/openapi.json). With --check it only says whether the file is stale.
import { readFile, writeFile } from "node:fs/promises";
import { format, resolveConfig } from "prettier";

const source = new URL("../../docs/openapi.json", import.meta.url);
const target = new URL("../src/api/schemas.ts", import.meta.url);

const { components } = JSON.parse(await readFile(source, "utf8"));

/** The words that a type is written in, by the part of a shape that they come from. */
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
      throw new Error(`docs/openapi.json has a type that no rule here is for: ${kind}`);
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

const types = Object.entries(components.schemas).map(([name, shape]) =>
  shape.properties
    ? `${doc(shape)}export interface ${name} ${object(shape)}`
    : `${doc(shape)}export type ${name} = ${type(shape)};`,
);
const text = await format(
  `// Made from docs/openapi.json by "npm run types"; change the type that the gateway serves instead.

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
export type JsonObject = { [member: string]: Json };

${types.join("\n\n")}\n`,
  { ...(await resolveConfig(target)), parser: "typescript" },
);

if (process.argv.includes("--check")) {
  if (text !== (await readFile(target, "utf8").catch(() => ""))) {
    console.error('src/api/schemas.ts is stale: the control API is another one. Run "npm run types".');
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
