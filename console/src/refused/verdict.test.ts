import { expect, it } from "vitest";
import type { Decision } from "../api/schemas";
import { callerOf, requestIdOf } from "./verdict";

it.each([
  ["oauth", "kid-1", "client-1", "client-1"],
  ["oauth", "kid-1", null, null],
  ["api_key", "Yq3Zk81b", null, "Yq3Zk81b"],
] as const)(
  "with %s and the key %s, the caller is not the key that signed",
  (method, key_id, client_id, caller) =>
    expect(callerOf({ method, key_name: null, key_id, client_id } as Decision)).toBe(caller),
);

it.each([
  [" 019ac1 ", "019ac1"],
  ["X-Request-Id: 019ac1", "019ac1"],
  ['{"title":"Unauthorized","request_id":"019ac1"}', "019ac1"],
  ['"019ac1",', "019ac1"],
  ["request_id=019ac1 agent=a", "019ac1"],
])("finds the request id in %s", (pasted, id) => expect(requestIdOf(pasted)).toBe(id));
