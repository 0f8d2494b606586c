import { describe, expect, it } from "vitest";
import { lines } from "../api/lines";
import { parseHeaders, pathBelow, withType } from "./request";
import { type TestResponse, after } from "./useTest";

describe("headers are a line each", () => {
  it("accepts values with colons, and skips empty lines", () => {
    expect(parseHeaders("Accept: a/b\n\n X-Url : http://x:1 \nX-Empty:")).toEqual({
      headers: [
        ["Accept", "a/b"],
        ["X-Url", "http://x:1"],
        ["X-Empty", ""],
      ],
      wrong: null,
    });
  });
  it.each(["Accept", ": x"])("says what is wrong with %s", (line) => {
    expect(parseHeaders(line).wrong).toContain(line);
  });
});

it("cuts a stream into lines wherever its pieces end, within a character too", async () => {
  const bytes = new TextEncoder().encode('{"a":"ä"}\n\n{"b":1}\n{"c":2}');
  const pieces = new ReadableStream<Uint8Array>({
    start(control) {
      for (const byte of bytes) control.enqueue(new Uint8Array([byte]));
      control.close();
    },
  });
  const got: string[] = [];
  for await (const line of lines(pieces)) got.push(line);
  expect(got).toEqual(['{"a":"ä"}', '{"b":1}', '{"c":2}']);
});

it("a response grows with its events", () => {
  const start: TestResponse = {
    running: true,
    head: null,
    chunks: [],
    end: null,
    failure: null,
    stopped: false,
  };
  const head = { event: "head", status: 200, headers: [["a", "b"]] as [string, string][], ms: 1 } as const;
  let response = after(start, head);
  response = after(response, { event: "data", text: "x", ms: 2 });
  response = after(response, { event: "data", base64: "/////w==", ms: 3 });
  response = after(response, { event: "end", bytes: 5, truncated: false, ms: 4 });
  expect(response.head?.status).toBe(200);
  expect(response.chunks.map((chunk) => chunk.text)).toEqual(["x", "[4 bytes of binary data]"]);
  expect(response.end?.bytes).toBe(5);
  expect(after(start, { event: "error", message: "cut", ms: 1 }).failure).toBe("cut");
});

it("a path below the route is empty or begins as the API expects", () => {
  expect(["", " ", "/", "a/b", "?x=1", "/a?x"].map(pathBelow)).toEqual(["", "", "/", "/a/b", "?x=1", "/a?x"]);
});

describe("a body is JSON", () => {
  it("unless a header says otherwise", () => {
    expect(withType([], "{}")).toEqual([["Content-Type", "application/json"]]);
    expect(withType([["content-type", "text/plain"]], "a")).toEqual([["content-type", "text/plain"]]);
  });
  it("and has no type when there is none", () => expect(withType([["A", "b"]], null)).toEqual([["A", "b"]]));
});
