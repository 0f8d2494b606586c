import { expect, it } from "vitest";
import { bareCredential } from "./credential";

it.each([
  ["eyJ.a.b", "eyJ.a.b", null],
  [" Bearer eyJ.a.b ", "eyJ.a.b", "Bearer"],
  ["bearer   eyJ.a.b", "eyJ.a.b", "bearer"],
  ["Authorization: Bearer eyJ.a.b", "eyJ.a.b", "Authorization: Bearer"],
  ["'Authorization: Bearer eyJ.a.b'", "eyJ.a.b", "Authorization: Bearer"],
  ["X-API-Key: pck_1", "pck_1", "X-API-Key:"],
  ["eyJ.\n  a.b", "eyJ.a.b", null],
  ['"eyJ.a.b"', "eyJ.a.b", null],
  ["bearerish.a.b", "bearerish.a.b", null],
  ["", "", null],
])("%j is the credential %s", (pasted, credential, removed) =>
  expect(bareCredential(pasted)).toEqual({ credential, removed }),
);
