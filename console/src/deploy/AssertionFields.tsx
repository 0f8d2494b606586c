// What the agent is told of its callers, in a token that the gateway signs.
import { Checkbox, NativeSelect, Stack, TagsInput, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { USUAL_HEADER } from "./assertion";

export function AssertionFields({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>Assertion</legend>
      <Stack gap="md">
        <Checkbox
          label="Tell the agent who calls, in a token that the gateway signs"
          description="The agent verifies it with the key set of the gateway, which needs a public URL"
          checked={form.asserts}
          error={error("asserts")}
          onChange={(event) => edit({ asserts: event.currentTarget.checked })}
        />
        {form.asserts && (
          <>
            <TextInput
              label="Assertion: header"
              placeholder={USUAL_HEADER}
              value={form.assertionHeader}
              error={error("assertionHeader")}
              onChange={(event) => edit({ assertionHeader: event.currentTarget.value })}
            />
            <TextInput
              label="Assertion: audience"
              description="Empty is the origin of the upstream; needed where it has several targets"
              value={form.assertionAudience}
              error={error("assertionAudience")}
              onChange={(event) => edit({ assertionAudience: event.currentTarget.value })}
            />
            <TagsInput
              label="Assertion: claims"
              description="Of the caller's token; empty is sub, client_id, scope, act.sub and acr"
              value={form.assertionClaims}
              error={error("assertionClaims")}
              onChange={(value) => edit({ assertionClaims: value })}
            />
            <TextInput
              label="Assertion: good for"
              description="Such as 60s, the default"
              value={form.assertionTtl}
              error={error("assertionTtl")}
              onChange={(event) => edit({ assertionTtl: event.currentTarget.value })}
            />
            <NativeSelect
              label="Assertion: algorithm"
              description="The agent must verify by it; ES256 is what every library has"
              data={["ES256", "EdDSA"]}
              value={form.assertionAlg}
              error={error("assertionAlg")}
              onChange={(event) => edit({ assertionAlg: event.currentTarget.value })}
            />
            <Checkbox
              label="Also for callers who have proven nothing"
              description="Proof that the request came through the gateway"
              checked={form.assertionOnPublic}
              error={error("assertionOnPublic")}
              onChange={(event) => edit({ assertionOnPublic: event.currentTarget.checked })}
            />
          </>
        )}
      </Stack>
    </fieldset>
  );
}
