import { expect, it } from "vitest";
import { requestIdOf } from "./verdict";

it.each([
  [" 019ac1 ", "019ac1"],
  ["X-Request-Id: 019ac1", "019ac1"],
  ['{"title":"Unauthorized","request_id":"019ac1"}', "019ac1"],
  ['"019ac1",', "019ac1"],
  ["request_id=019ac1 agent=a", "019ac1"],
])("finds the request id in %s", (pasted, id) => expect(requestIdOf(pasted)).toBe(id));
