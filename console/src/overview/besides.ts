// Findings of a rejected change that no broken document accounts for.
import type { BrokenDocument, Diagnostic } from "../api/schemas";

export function besides(findings: Diagnostic[], broken: BrokenDocument[]): Diagnostic[] {
  return findings.filter(
    (finding) =>
      !broken.some(
        (one) => one.file === finding.file || (one.resource !== null && one.resource === finding.resource),
      ),
  );
}
