// What a reader sees of an error of the shared store. Without a browser: the notice is rendered once.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { ApiError } from "../api/client";
import { newQueryClient } from "../api/queries";
import type { ProblemCode } from "../api/schemas";
import { outcomeOf } from "./CommitLookup";
import { ErrorNotice } from "./ErrorNotice";

vi.mock("./zone", async (original) => ({
  ...(await original<typeof import("./zone")>()),
  useZone: () => "utc",
}));

/** What a reader sees. */
function shown(code: ProblemCode, problem: object = {}): string {
  const error = new ApiError(503, code, "In the words of the gateway.", problem);
  const page = h(MantineProvider, null, h(ErrorNotice, { error }));
  const markup = renderToStaticMarkup(
    h(QueryClientProvider, { client: newQueryClient() }, h(Router, { ssrPath: "/agents", children: page })),
  );
  return markup
    .replace(/<style[^]*?<\/style>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

describe("an error of the shared store", () => {
  it.each([
    ["store_unavailable", "try again when etcd answers"],
    ["store_vanished", "until a person decides"],
    ["store_foreign", "until a person decides"],
    ["store_regressed", "until a person decides"],
    ["store_forked", "until a person decides"],
    ["torn_read", "try again in a moment"],
    ["commit_too_large", "portcullis store import"],
    ["outcome_unknown", "Do not send the change again"],
    ["not_understood_by", "Upgrade these gateways first"],
  ] as const)("says what helps: %s", (code, help) => {
    const text = shown(code);
    expect(text).toContain("In the words of the gateway.");
    expect(text).toContain(help);
  });
  it("names the gateways, the revision that was first, and the commit to look for", () => {
    expect(shown("not_understood_by", { members: ["gateway-1"] })).toContain("gateway-1");
    const head = { revision: 42, at: "2026-11-28T20:00:00Z", who: "ada" };
    expect(shown("precondition_failed", { head })).toContain("revision 42, by ada");
    expect(shown("outcome_unknown", { commit: "c-1" })).toContain("Was it made?");
    expect(outcomeOf(42)).toContain("as revision 42");
    expect(outcomeOf(undefined)).toContain("send it again");
  });
  it("leaves other errors in their own words", () => {
    expect(shown("in_use")).not.toContain("fleet");
  });
});
