// What a token must have besides its issuer and audience, and which of its claims the agent receives.
import { NativeSelect, Stack, TagsInput, TextInput } from "@mantine/core";
import { ClaimHeaders } from "./ClaimHeaders";
import { ClaimRules } from "./ClaimRules";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";

export function TokenRules({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>Scopes and claims</legend>
      <Stack gap="md">
        <TagsInput
          label="Scopes, all of"
          description="The token must have all of these"
          value={form.scopesAll}
          error={error("scopesAll")}
          onChange={(value) => edit({ scopesAll: value })}
        />
        <TagsInput
          label="Scopes, any of"
          description="The token must have at least one of these"
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
        <NativeSelect
          label="Claims with characters outside ASCII"
          description="For claim headers: header values are ASCII, a name such as Zoë is not"
          value={form.claimHeaderText}
          error={error("claimHeaderText")}
          onChange={(event) => edit({ claimHeaderText: event.currentTarget.value })}
          data={[
            { value: "refuse", label: "Refuse the request" },
            { value: "omit", label: "Omit the header" },
            { value: "rfc8187", label: "Encode it in a second header, NAME* (RFC 8187)" },
          ]}
        />
        <div className={css.pair}>
          <NativeSelect
            label="Audience claim"
            description="Amazon Cognito has client_id instead of aud"
            value={form.audienceClaim}
            error={error("audienceClaim")}
            onChange={(event) => edit({ audienceClaim: event.currentTarget.value })}
            data={["aud", "client_id"]}
          />
          <TextInput
            label="Maximum token lifetime"
            description="exp − iat, such as 1h; empty means no limit"
            value={form.maxTokenLifetime}
            error={error("maxTokenLifetime")}
            onChange={(event) => edit({ maxTokenLifetime: event.currentTarget.value })}
          />
        </div>
      </Stack>
    </fieldset>
  );
}
