// What a reader sees of the fleet. Without a browser: each part is rendered once.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactElement, createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { keys, newQueryClient } from "../api/queries";
import type { Fleet, Status, StoreState } from "../api/schemas";
import { OfThisMember } from "./OfThisMember";
import { Reached } from "./Reached";
import { StoreBanner } from "./StoreBanner";
import { fleet, member } from "./fixtures";
import FleetPage from "./FleetPage";

vi.mock("../parts/zone", async (original) => ({
  ...(await original<typeof import("../parts/zone")>()),
  useZone: () => "utc",
}));

const client = newQueryClient();
client.setDefaultOptions({ queries: { retry: false, gcTime: Infinity, staleTime: Infinity } });
beforeEach(() => client.clear());

const own = { name: "gateway-0", boot_id: "boot-of-gateway-0" };
const ofKind = (kind: Status["store"]["kind"]) =>
  client.setQueryData(keys.status, {
    store: { kind, writable: true, reason: null, place: null },
    member: kind === "etcd" ? own : null,
  } as Partial<Status>);

/** What a reader sees. */
function words(part: ReactElement, at = "/overview"): string {
  const page = h(QueryClientProvider, { client }, h(MantineProvider, null, part));
  const markup = renderToStaticMarkup(h(Router, { ssrPath: at, children: page }));
  const text = markup.replace(/<style[^]*?<\/style>/g, "").replace(/<[^>]*>/g, " ");
  return text.replaceAll("&quot;", '"').replaceAll("&#x27;", "'").replace(/\s+/g, " ").trim();
}

function page(shown: Fleet): string {
  ofKind("etcd");
  client.setQueryData(keys.fleet, shown);
  return words(h(FleetPage), "/fleet");
}

describe("the page of the fleet", () => {
  it("says who runs what, and marks the gateway of this console", () => {
    const text = page(fleet([member("gateway-1", { labels: { zone: "b" } }), member("gateway-0")]));
    for (const part of ["2 of 2 gateways run revision 41", "gateway-0 this console", "zone=b", "1 s ago"])
      expect(text).toContain(part);
    expect(text).not.toContain("gateway-1 this console");
  });
  it("names a laggard, with the findings of a gateway that refused", () => {
    const findings = [
      {
        severity: "error",
        code: "missing_file",
        message: "`corp-ca.pem` is not there",
        help: null,
        resource: "identity_providers/corp",
        path: "/ca_file",
        file: "",
        line: 0,
        column: 0,
      },
    ] as unknown as NonNullable<Fleet["members"][number]["refused"]>["findings"];
    const refused = member("gateway-1", {
      state: "refused",
      revision: 40,
      refused: { revision: 41, findings },
    });
    const text = page(fleet([member("gateway-0"), refused]));
    expect(text).toContain("gateway-1 refused revision 41; the last that it runs whole is 40");
    expect(text).toContain("corp-ca.pem is not there");
    expect(text).toContain("identity_providers/corp");
  });
  it("shows a drain as such, and no vanished gateway as one that is not ready", () => {
    const drains = member("gateway-1", { ready: false, draining: true });
    const gone = member("gateway-2", { ready: false, state: "vanished" });
    const text = page(fleet([member("gateway-0"), drains, gone]));
    expect(text).toContain("draining");
    expect(text).not.toContain("not ready");
    expect(page(fleet([member("gateway-0", { ready: false })]))).toContain("not ready");
  });
  it("is empty for a gateway of its own", () => {
    ofKind("directory");
    expect(words(h(FleetPage), "/fleet")).toContain("not part of a fleet");
  });
});

describe("the state of the store", () => {
  const inState = (state: StoreState) =>
    page(
      fleet([member("gateway-0"), member("gateway-1", { revision: 40 })], {
        store: { kind: "etcd", state, store_id: "s-1" },
      }),
    );
  it.each(["foreign", "regressed", "forked"] as const)("that a person ends offers both ways: %s", (state) => {
    const text = inState(state);
    expect(text).toContain("portcullis store resume -c CONFIG --from-member gateway-0");
    expect(text).toContain("portcullis store resume -c CONFIG --accept REVISION");
  });
  it("does not offer to take what is not there", () => {
    const text = inState("vanished");
    expect(text).toContain("--from-member gateway-0");
    expect(text).not.toContain("--accept");
  });
  it.each(["ok", "stale", "torn"] as const)("asks nobody to decide when it ends by itself: %s", (state) => {
    expect(inState(state)).not.toContain("store resume");
  });
  it("is a banner on every other page while it is not in order", () => {
    inState("stale");
    expect(words(h(StoreBanner))).toContain("etcd does not answer this gateway");
    expect(words(h(StoreBanner), "/fleet")).toBe("");
    inState("ok");
    expect(words(h(StoreBanner))).toBe("");
  });
});

describe("what is of one gateway alone", () => {
  const part = h(OfThisMember, { what: "Decisions are those" });
  it("says of which", () => {
    ofKind("etcd");
    expect(words(part)).toContain("Decisions are those of gateway-0 alone");
  });
  it("says nothing where there is only one", () => {
    ofKind("directory");
    expect(words(part)).toBe("");
  });
});

it("a change shows how far it has come, and nothing where there is no fleet", () => {
  ofKind("etcd");
  const answered = { revision: 41, members: 3, running: 2, behind: ["gateway-2"], refused: [] };
  expect(words(h(Reached, { answered }))).toContain("2 of 3 gateways run revision 41; gateway-2 is behind");
  expect(words(h(Reached, { answered: undefined }))).toBe("");
});
