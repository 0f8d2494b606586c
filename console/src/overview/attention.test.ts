import { expect, it } from "vitest";
import type { Attention, BrokenDocument, Diagnostic } from "../api/schemas";
import { linesOf, pageOf, worstFirst } from "./attention";

const line = (
  level: Attention["level"],
  code: Attention["code"],
  subject: Attention["subject"] = null,
): Attention => ({
  level,
  code,
  text: code,
  subject,
  since: null,
  until: null,
});

it("errors stand before warnings, and warnings before notes, in the order in which they came", () => {
  const lines = [
    line("note", "more"),
    line("warning", "key_ends"),
    line("error", "change_refused"),
    line("warning", "certificate"),
  ];
  expect(worstFirst(lines).map((one) => one.code)).toEqual([
    "change_refused",
    "key_ends",
    "certificate",
    "more",
  ]);
});

it.each([
  [line("error", "upstream_failing", { kind: "agent", name: "a b" }), "/agents/a%20b"],
  [line("error", "agent_refuses_all", { kind: "agent", name: "a" }), "/why-refused?agent=a"],
  [
    line("error", "provider_failing", { kind: "identity_provider", name: "corp" }),
    "/identity-providers/corp",
  ],
  [line("error", "certificate", { kind: "listener", name: "0.0.0.0:8443" }), null],
  [line("error", "member_refused", { kind: "member", name: "gateway-1" }), "/fleet"],
  [line("warning", "targets_out", { kind: "agent", name: "a" }), "/agents/a"],
  [line("warning", "shared_state_down", { kind: "shared_state", name: "redis" }), null],
  [line("error", "store_regressed", { kind: "store", name: "etcd" }), "/fleet"],
  [line("error", "log_lines_lost"), null],
])("leads to the page of its subject: %j", (one, page) => expect(pageOf(one)).toBe(page));

it("says a broken document once, and a rejected change when there is more to it", () => {
  const error = (file: string): Diagnostic => ({
    severity: "error",
    code: "unknown-field",
    message: "no field",
    help: null,
    resource: null,
    path: null,
    file,
    line: 1,
    column: 1,
  });
  const broken: BrokenDocument = {
    resource: "agents/a",
    file: "a.yaml",
    since: "2026-01-01T00:00:00Z",
    diagnostics: [],
    last_good_revision: 1,
    restorable: true,
  };
  const attention = [line("error", "broken_document"), line("error", "change_refused")];
  const codes = (files: string[]) =>
    linesOf({
      attention,
      broken_documents: [broken],
      refused: { at: "2026-01-01T00:00:00Z", diagnostics: files.map(error) },
    }).map((one) => one.code);
  expect(codes(["a.yaml"])).toEqual(["broken_document"]);
  expect(codes(["a.yaml", "portcullis.yaml"])).toEqual(["broken_document", "change_refused"]);
});
