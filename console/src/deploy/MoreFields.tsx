// The settings that most agents leave at their defaults, collapsed, in sections.
import { Stack } from "@mantine/core";
import { useEffect, useState } from "react";
import type { AgentProtocol } from "../api/schemas";
import { A2aFields } from "./A2aFields";
import { AssertionFields } from "./AssertionFields";
import { BoundTokens } from "./BoundTokens";
import { CorsFields } from "./CorsFields";
import { CredentialFields } from "./CredentialFields";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { IdentityFields } from "./IdentityFields";
import { LimitFields } from "./LimitFields";
import { McpFields } from "./McpFields";
import { RequireFields } from "./RequireFields";
import { TokenRules } from "./TokenRules";
import { UpstreamFields } from "./UpstreamFields";

/** What is there of the protocol. */
const MORE: Record<AgentProtocol, string> = { http: "", mcp: "MCP and its rules, ", a2a: "agent card, " };

interface Props extends FieldProps {
  isNew: boolean;
  /** Opens when a field in here has an error. */
  open: boolean;
}

export function MoreFields({ form, edit, error, isNew, open }: Props) {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    if (open) setOpened(true);
  }, [open]);
  const fields = { form, edit, error };
  return (
    <details
      className={css.more}
      open={opened}
      onToggle={(event) => setOpened((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary>
        More: {MORE[form.protocol]}
        {isNew ? "" : "route, "}timeouts, limits, scopes and claims, CORS, shadow
      </summary>
      <Stack gap="lg" mt="sm">
        {!isNew && (
          <fieldset className={css.section}>
            <legend>Route and upstream</legend>
            <IdentityFields {...fields} name="" isNew={false} />
          </fieldset>
        )}
        {form.protocol === "mcp" && <McpFields {...fields} />}
        {form.protocol === "a2a" && <A2aFields {...fields} />}
        {form.authentication === "oauth" && <TokenRules {...fields} />}
        {form.authentication === "oauth" && <BoundTokens {...fields} />}
        {form.authentication === "oauth" && <RequireFields {...fields} />}
        {form.authentication !== "public" && form.authentication !== null && <CredentialFields {...fields} />}
        <UpstreamFields {...fields} />
        <AssertionFields {...fields} />
        <LimitFields {...fields} />
        <CorsFields {...fields} />
      </Stack>
    </details>
  );
}
