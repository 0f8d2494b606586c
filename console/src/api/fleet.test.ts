import { afterEach, expect, it, vi } from "vitest";
import { agents, gateway, revisions } from "./calls";
import type { StoreKind } from "./schemas";

/** A gateway with this kind of store; what it is asked is kept. */
async function asked(kind: StoreKind): Promise<string[]> {
  const calls: string[] = [];
  vi.stubGlobal("fetch", async (path: string, { method }: RequestInit) => {
    calls.push(`${method} ${path}`);
    return new Response(JSON.stringify({ store: { kind } }), { status: 200 });
  });
  await gateway.status();
  calls.length = 0;
  await agents.put("a", {}, { ifAbsent: true });
  await agents.put("a", {}, { ifAbsent: true }, true);
  await revisions.rollBack(3, 4, "agents/a");
  return calls;
}

afterEach(() => vi.unstubAllGlobals());

it("a change waits for the fleet, and a dry run for nobody", async () => {
  expect(await asked("etcd")).toEqual([
    "PUT /api/v1/agents/a?wait=fleet&timeout=2s",
    "PUT /api/v1/agents/a?dry_run=true",
    "POST /api/v1/revisions/3/rollback?wait=fleet&timeout=2s",
  ]);
});

it.each(["directory", "file"] as const)("a gateway of its own is not asked to wait: %s", async (kind) => {
  expect((await asked(kind)).filter((call) => call.includes("wait"))).toEqual([]);
});
