import { describe, expect, it } from "vitest";
import { AGENT_BOUNDS, type Bounds, PROVIDER_BOUNDS } from "../api/schemas";
import { misfit, misfits } from "./bounds";

/** What the gateway says about numbers, durations and sizes: each finding of its own cases. */
const CASES = import.meta.glob<string>("../../../tests/config/cases/*.expected", {
  query: "?raw",
  import: "default",
  eager: true,
});

const said = Object.values(CASES)
  .flatMap((text) => text.split(/^(?=\S)/m))
  .flatMap((finding) => {
    const [, message = "", value = "", what = ""] =
      /error\[[a-z-]+\]: (`([^`]+)` is (.+))/.exec(finding) ?? [];
    const [, help = ""] = /= help: (.+)/.exec(finding) ?? [];
    return message ? [{ message, value, what, help }] : [];
  });

const kindOf = (edge: string): Bounds["kind"] =>
  /^[0-9]+$/.test(edge) ? "count" : /[0-9](ms|[smhd])$/.test(edge) ? "duration" : "size";

const some = (kind: Bounds["kind"], words?: string[]): Bounds => {
  const edges = { count: ["1", "9"], duration: ["1s", "9s"], size: ["1B", "9B"] }[kind];
  return { kind, minimum: edges[0] ?? "", maximum: edges[1] ?? "", words };
};

describe("says what the gateway says", () => {
  // A rate has bounds of its two numbers, which no form checks.
  const beyond = said.filter(
    ({ what, help }) => what === "out of bounds" && help.startsWith("write something from"),
  );
  it.each(beyond)("$value: $help", ({ message, value, help }) => {
    const [, minimum = "", maximum = ""] = /^write something from (\S+) to (\S+)$/.exec(help) ?? [];
    expect(misfit({ kind: kindOf(maximum), minimum, maximum }, value)).toEqual({ message, help });
  });

  const KINDS: [string, Bounds][] = [
    ["not a whole number", some("count")],
    ["not a duration", some("duration")],
    ["not a size", some("size")],
    ["neither a duration nor `off`", some("duration", ["off"])],
  ];
  it.each(KINDS)("%s", (none, bounds) => {
    // A number in quotes is none for a reader of YAML; in a form there are no quotes.
    const isDigits = (value: string) => bounds.kind === "count" && /^[0-9]+$/.test(value);
    const unread = said.filter(({ what, value }) => what === none && !isDigits(value));
    expect(unread.length).toBeGreaterThan(0);
    for (const { message, value, help } of unread) expect(misfit(bounds, value)).toEqual({ message, help });
  });

  it("has found what the gateway says", () => expect(beyond.length).toBeGreaterThan(12));
});

describe("takes a bound itself and nothing beyond it", () => {
  const within: [Bounds["kind"], string, string, string[], string[]][] = [
    ["count", "1", "256", ["1", "256", "0256"], ["0", "257", "", "1.5", "-1", "1e2", "99999999999999999999"]],
    [
      "duration",
      "1s",
      "1d",
      ["1s", "1000ms", "24h", "23h60m"],
      ["999ms", "0s", "1d1ms", "1", "1 s", "1w", ""],
    ],
    [
      "size",
      "1KiB",
      "1MiB",
      ["1024", "1KiB", "1048576B", "1 MiB", "2kB"],
      ["1023", "1KB", "1048577", "2MiB", "1TiB"],
    ],
  ];
  it.each(within)("%s from %s to %s", (kind, minimum, maximum, good, bad) => {
    const refused = (text: string) => misfit({ kind, minimum, maximum }, text) !== null;
    expect(good.filter(refused)).toEqual([]);
    expect(bad.filter((text) => !refused(text))).toEqual([]);
  });
});

it("finds each setting of a specification that does not keep its bounds", () => {
  const spec = {
    upstream: {
      url: "http://a",
      connect_timeout: "11m",
      stream_idle_timeout: "off",
      idle_timeout: "${IDLE}",
    },
    max_in_flight: 0,
    max_body: 1,
    auth: { oauth: { max_token_lifetime: "soon" } },
    cors: { max_age: "31d" },
  };
  expect(misfits(AGENT_BOUNDS, spec).map(({ path, message }) => [path, message])).toEqual([
    ["/auth/oauth/max_token_lifetime", "`soon` is not a duration"],
    ["/cors/max_age", "`31d` is out of bounds"],
    ["/max_in_flight", "`0` is out of bounds"],
    ["/upstream/connect_timeout", "`11m` is out of bounds"],
  ]);
  expect(misfits(PROVIDER_BOUNDS, { leeway: "6m", refresh: "10m" }).map(({ path }) => path)).toEqual([
    "/leeway",
  ]);
  expect(misfits(AGENT_BOUNDS, { upstream: "http://a", auth: "public" })).toEqual([]);
});
