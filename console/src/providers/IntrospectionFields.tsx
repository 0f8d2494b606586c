// How a provider is asked about tokens, where it is.
import { TextInput } from "@mantine/core";
import css from "../deploy/DeployForm.module.css";
import type { Props } from "./SourceFields";

export function IntrospectionFields({ form, edit, error }: Props) {
  return (
    <>
      <div className={css.pair}>
        <TextInput
          label="Introspection: timeout"
          description="The longest that a request waits for an answer; default 2s"
          value={form.introspectionTimeout}
          error={error("introspectionTimeout")}
          onChange={(event) => edit({ introspectionTimeout: event.currentTarget.value })}
        />
        <TextInput
          label="Introspection: questions at once"
          description="Default 64"
          inputMode="numeric"
          value={form.introspectionInFlight}
          error={error("introspectionInFlight")}
          onChange={(event) => edit({ introspectionInFlight: event.currentTarget.value })}
        />
      </div>
      <div className={css.pair}>
        <TextInput
          label="Introspection: active tokens are kept for"
          description="A revoked token passes for so long; default 60s"
          value={form.introspectionTtl}
          error={error("introspectionTtl")}
          onChange={(event) => edit({ introspectionTtl: event.currentTarget.value })}
        />
        <TextInput
          label="Introspection: other tokens are kept for"
          description="Default 10s"
          value={form.introspectionNegativeTtl}
          error={error("introspectionNegativeTtl")}
          onChange={(event) => edit({ introspectionNegativeTtl: event.currentTarget.value })}
        />
      </div>
    </>
  );
}
