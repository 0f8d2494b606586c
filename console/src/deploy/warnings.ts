// The gateway's warnings about one agent, with advice for the console instead of the command line.
import type { Diagnostic } from "../api/schemas";

export function aboutAgent(warnings: Diagnostic[], name: string): Diagnostic[] {
  return warnings
    .filter((one) => one.resource === `agents/${name}`)
    .map((one) =>
      one.help?.includes("portcullis api-key create")
        ? { ...one, help: "create one on the agent's API keys page after the deploy" }
        : one,
    );
}
