// Further places where a caller may send its credential, and where the agent receives it.
import { Checkbox, NativeSelect, Stack, TagsInput, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";

export function CredentialFields({ form, edit, error }: FieldProps) {
  if (form.authentication === "api_key") {
    return (
      <fieldset className={css.section}>
        <legend>Where the key is read</legend>
        <TextInput
          label="Prefix"
          description="Precedes the key, such as Bearer; empty means the key alone"
          value={form.keyPrefix}
          error={error("keyPrefix")}
          onChange={(event) => edit({ keyPrefix: event.currentTarget.value })}
        />
      </fieldset>
    );
  }
  return (
    <fieldset className={css.section}>
      <legend>Where the token is read</legend>
      <Stack gap="md">
        <Checkbox
          label="Also in Sec-WebSocket-Protocol"
          description="For browsers, which cannot set headers on a WebSocket; sent as bearer, TOKEN"
          checked={form.alsoWebsocket}
          onChange={(event) => edit({ alsoWebsocket: event.currentTarget.checked })}
        />
        <div className={css.pair}>
          <TagsInput
            label="Also in a query parameter"
            description="For EventSource; not passed on to the agent, never logged"
            placeholder={form.alsoQuery.length ? undefined : "access_token"}
            value={form.alsoQuery}
            error={error("alsoQuery")}
            onChange={(alsoQuery) => edit({ alsoQuery })}
          />
          <TagsInput
            label="Also in a cookie"
            placeholder={form.alsoCookie.length ? undefined : "session"}
            value={form.alsoCookie}
            error={error("alsoCookie")}
            onChange={(alsoCookie) => edit({ alsoCookie })}
          />
        </div>
        {form.forwardToken && (
          <div className={css.pair}>
            <TextInput
              label="Forward the token in"
              description="Another header; empty means the header in which it came"
              placeholder="X-Forwarded-Authorization"
              value={form.forwardHeader}
              error={error("forwardHeader")}
              onChange={(event) => edit({ forwardHeader: event.currentTarget.value })}
            />
            <NativeSelect
              label="Scheme"
              description={form.forwardHeader.trim() ? "In the other header" : "Enter the other header first"}
              value={form.forwardScheme}
              error={error("forwardScheme")}
              disabled={!form.forwardHeader.trim()}
              onChange={(event) => edit({ forwardScheme: event.currentTarget.value })}
              data={[
                { value: "keep", label: "Keep: Bearer TOKEN" },
                { value: "strip", label: "Strip: TOKEN alone" },
              ]}
            />
          </div>
        )}
      </Stack>
    </fieldset>
  );
}
