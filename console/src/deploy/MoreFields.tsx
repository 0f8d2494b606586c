// What most agents leave as it is: scopes, claims, CORS, enforcement, limits, and an agent's own place.
import { Checkbox, Radio, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { ClaimHeaders } from "./ClaimHeaders";
import { ClaimRules } from "./ClaimRules";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { IdentityFields } from "./IdentityFields";

interface Props extends FieldProps {
  isNew: boolean;
  /** Opens when something in here is wrong. */
  open: boolean;
}

export function MoreFields({ form, edit, error, isNew, open }: Props) {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    if (open) setOpened(true);
  }, [open]);
  return (
    <details
      className={css.more}
      open={opened}
      onToggle={(event) => setOpened((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary>More</summary>
      <Stack gap="lg" mt="sm">
        {!isNew && (
          <fieldset className={css.section}>
            <legend>Route and upstream</legend>
            <IdentityFields form={form} edit={edit} error={error} name="" isNew={false} />
          </fieldset>
        )}
        {form.authentication === "oauth" && <TokenRules form={form} edit={edit} error={error} />}
        <Cors form={form} edit={edit} error={error} />
        <fieldset className={css.section}>
          <legend>Enforcement and limits</legend>
          <Stack gap="md">
            <Radio.Group
              label="Enforcement"
              value={form.enforcement}
              error={error("enforcement")}
              onChange={(value) => edit({ enforcement: value === "shadow" ? "shadow" : "enforce" })}
            >
              <Stack gap={6} mt={6}>
                <Radio value="enforce" label="Enforce" description="Refused requests stop at the gateway." />
                <Radio
                  value="shadow"
                  label="Shadow"
                  description="Decide, count and log, but let every request through."
                />
              </Stack>
            </Radio.Group>
            <Switch
              label="WebSocket upgrades pass"
              checked={form.websocket}
              error={error("websocket")}
              onChange={(event) => edit({ websocket: event.currentTarget.checked })}
            />
            <TextInput
              label="Largest request body"
              description="Such as 10MiB; empty is no limit"
              value={form.maxBody}
              error={error("maxBody")}
              onChange={(event) => edit({ maxBody: event.currentTarget.value })}
            />
          </Stack>
        </fieldset>
      </Stack>
    </details>
  );
}

function TokenRules({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>Scopes and claims</legend>
      <Stack gap="md">
        <TagsInput
          label="Scopes, all of"
          description="The token must have every one"
          value={form.scopesAll}
          error={error("scopesAll")}
          onChange={(value) => edit({ scopesAll: value })}
        />
        <TagsInput
          label="Scopes, any of"
          description="The token must have at least one"
          value={form.scopesAny}
          error={error("scopesAny")}
          onChange={(value) => edit({ scopesAny: value })}
        />
        <ClaimRules
          legend="Claims, all of"
          rules={form.claimsAll}
          error={error("claimsAll")}
          onChange={(claimsAll) => edit({ claimsAll })}
        />
        <ClaimRules
          legend="Claims, any of"
          rules={form.claimsAny}
          error={error("claimsAny")}
          onChange={(claimsAny) => edit({ claimsAny })}
        />
        <ClaimHeaders
          rows={form.claimHeaders}
          error={error("claimHeaders")}
          onChange={(claimHeaders) => edit({ claimHeaders })}
        />
        <TextInput
          label="Longest token lifetime"
          description="exp less iat, such as 1h; empty is no limit"
          value={form.maxTokenLifetime}
          error={error("maxTokenLifetime")}
          onChange={(event) => edit({ maxTokenLifetime: event.currentTarget.value })}
        />
      </Stack>
    </fieldset>
  );
}

function Cors({ form, edit, error }: FieldProps) {
  const on = form.corsOrigins.length > 0;
  return (
    <fieldset className={css.section}>
      <legend>CORS</legend>
      <Stack gap="md">
        <TagsInput
          label="Allowed origins"
          description="Such as https://app.example.com, or * for all; empty is no CORS"
          value={form.corsOrigins}
          error={error("corsOrigins")}
          onChange={(value) => edit({ corsOrigins: value })}
        />
        {on && (
          <>
            <TagsInput
              label="Allowed methods"
              description="Empty is GET, HEAD, POST"
              value={form.corsMethods}
              error={error("corsMethods")}
              onChange={(value) => edit({ corsMethods: value })}
            />
            <TagsInput
              label="Allowed headers"
              description="Empty is the credential header and Content-Type"
              value={form.corsHeaders}
              error={error("corsHeaders")}
              onChange={(value) => edit({ corsHeaders: value })}
            />
            <TagsInput
              label="Exposed headers"
              value={form.corsExposed}
              error={error("corsExposed")}
              onChange={(value) => edit({ corsExposed: value })}
            />
            <Checkbox
              label="Browsers may send cookies along"
              checked={form.corsCredentials}
              error={error("corsCredentials")}
              onChange={(event) => edit({ corsCredentials: event.currentTarget.checked })}
            />
            <TextInput
              label="Browsers remember the answer for"
              description="Such as 1h, the default"
              value={form.corsMaxAge}
              error={error("corsMaxAge")}
              onChange={(event) => edit({ corsMaxAge: event.currentTarget.value })}
            />
          </>
        )}
      </Stack>
    </fieldset>
  );
}
