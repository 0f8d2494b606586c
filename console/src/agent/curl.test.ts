import { describe, expect, it } from "vitest";
import type { JsonObject } from "../api/schemas";
import { type Request, curlLine } from "./curl";

const URL = "http://127.0.0.1:8080/agents/a";

describe("the curl line suits the authentication", () => {
  const cases: [string, JsonObject, Request, string][] = [
    ["OAuth", { auth: { oauth: {} } }, {}, `curl -i -H "Authorization: Bearer $TOKEN" ${URL}`],
    [
      "a bare token",
      { auth: { oauth: { header: "X-Token", prefix: "" } } },
      {},
      `curl -i -H "X-Token: $TOKEN" ${URL}`,
    ],
    ["API key", { auth: { api_key: {} } }, {}, `curl -i -H "X-API-Key: $API_KEY" ${URL}`],
    ["public", { auth: "public" }, {}, `curl -i ${URL}`],
    [
      "with the credential",
      { auth: { api_key: {} } },
      { credential: "pck_1" },
      `curl -i -H 'X-API-Key: pck_1' ${URL}`,
    ],
    ["with none on purpose", { auth: { api_key: {} } }, { credential: null }, `curl -i ${URL}`],
    [
      "a whole request",
      { auth: "public" },
      { method: "POST", path: "/run?x=1", headers: [["Content-Type", "text/plain"]], body: "it's" },
      `curl -i -X POST -H 'Content-Type: text/plain' --data-binary 'it'\\''s' '${URL}/run?x=1'`,
    ],
  ];
  it.each(cases)("%s", (_, spec, request, line) => expect(curlLine({ spec, url: URL }, request)).toBe(line));

  it("lets nothing out of its quotes", () => {
    const spec = { auth: { oauth: { header: "X'; rm -rf $HOME; '", prefix: "`id`" } } };
    expect(curlLine({ spec, url: "http://h/$(id)" })).toBe(
      `curl -i -H 'X'\\''; rm -rf $HOME; '\\'': \`id\` '"$TOKEN" 'http://h/$(id)'`,
    );
  });
});
