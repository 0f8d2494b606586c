// Settings of an agent whose fields are derived from the API's schema: a new setting appears in the form without a
// change here.
import { type Json, type JsonObject, PLAIN_SETTINGS, type PlainSetting } from "../api/schemas";
import { isObject, put, same, text } from "./spec";

/** Settings with a field elsewhere in the form. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "/enforcement",
  "/route/strip_path",
  "/cors/allow_credentials",
  "/cors/max_age",
  "/cors/preset",
  "/protocol",
  "/mcp/rules/unlisted",
  "/a2a/rules/unlisted",
]);

/** The other settings, in the order of the document. */
export const PLAIN: readonly PlainSetting[] = PLAIN_SETTINGS.filter(({ pointer }) => !ELSEWHERE.has(pointer));

/** The input for each setting, by its pointer; empty is the default. */
export interface PlainForm {
  plain: Record<string, string>;
}

const steps = (pointer: string): string[] => pointer.split("/").slice(1);

/** Sections that the form shows elsewhere under a heading, so that a label need not name them. */
const HEADED = ["upstream", "mcp", "a2a"];

/** `/upstream/connect_timeout` is called "Connect timeout", `/streams/on_policy_change` "Streams on policy change". */
export const labelOf = (pointer: string): string =>
  sentence(
    steps(pointer)
      .filter((step) => !HEADED.includes(step))
      .join(" ")
      .replaceAll("_", " ")
      .replace("websocket", "WebSocket"),
  );

export const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** The settings of a section that is shown under a heading; `null`: those of no such section. */
export const inSection = (section: "upstream" | "mcp" | "a2a" | null): PlainSetting[] =>
  PLAIN.filter(({ pointer }) => {
    const first = steps(pointer)[0] ?? "";
    return section === null ? !HEADED.includes(first) : first === section && steps(pointer).length > 1;
  });

export function readPlain(spec: JsonObject): PlainForm {
  const at = (pointer: string): Json | undefined =>
    steps(pointer).reduce<Json | undefined>(
      (value, step) => (isObject(value) ? value[step] : undefined),
      spec,
    );
  return { plain: Object.fromEntries(PLAIN.map(({ pointer }) => [pointer, text(at(pointer))])) };
}

/** Writes the input into `spec`, a copy of `original`. */
export function writePlain({ plain }: PlainForm, spec: JsonObject, original: JsonObject): void {
  const before = readPlain(original).plain;
  for (const setting of PLAIN) {
    const typed = (plain[setting.pointer] ?? "").trim();
    if (typed === before[setting.pointer]) continue;
    write(spec, steps(setting.pointer), valueOf(setting, typed));
  }
}

/** The value that the input stands for; empty is the default. */
function valueOf(setting: PlainSetting, typed: string): Json {
  switch (setting.kind) {
    case "switch":
      return typed === String(setting.usual) ? "" : typed === "true";
    case "choice":
      return setting.numbers && typed !== "" ? Number(typed) : typed;
    // Text that is not a number goes to the gateway as it is, which says what is wrong with it.
    case "count":
    case "text":
      return /^\d{1,15}$/.test(typed) ? Number(typed) : typed;
  }
}

function write(target: JsonObject, [step = "", ...rest]: string[], value: Json): void {
  if (rest.length === 0) return put(target, step, value, "");
  const inner = target[step];
  // The short form of a section is its one text: `upstream: URL`.
  const section: JsonObject = isObject(inner)
    ? { ...inner }
    : typeof inner === "string"
      ? { url: inner }
      : {};
  write(section, rest, value);
  if (same(section, {})) delete target[step];
  else target[step] = section;
}
