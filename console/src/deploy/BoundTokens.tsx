// Tokens that are bound to a key or a certificate of their holder.
import { NativeSelect, Stack, Switch, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";

const MODES = [
  { value: "off", label: "Off: refuse them" },
  { value: "optional", label: "Optional: check them" },
  { value: "required", label: "Required: refuse all others" },
];

export function BoundTokens({ form, edit, error }: FieldProps) {
  const proofs = form.dpop !== "off" || form.eitherBinding;
  return (
    <fieldset className={css.section}>
      <legend>Bound tokens</legend>
      <Stack gap="md">
        <div className={css.pair}>
          <NativeSelect
            label="Bound to a key (DPoP)"
            description="Each request has a proof of its own"
            value={form.dpop}
            error={error("dpop")}
            onChange={(event) => edit({ dpop: event.currentTarget.value })}
            data={MODES}
          />
          <NativeSelect
            label="Bound to a certificate (mTLS)"
            description="The client connects with it"
            value={form.mtls}
            error={error("mtls")}
            onChange={(event) => edit({ mtls: event.currentTarget.value })}
            data={MODES}
          />
        </div>
        <Switch
          label="Each token must be bound in one of these ways"
          checked={form.eitherBinding}
          onChange={(event) => edit({ eitherBinding: event.currentTarget.checked })}
        />
        {proofs && (
          <div className={css.pair}>
            <NativeSelect
              label="Nonces in proofs"
              description="Behind a balancer all gateways need one key file"
              value={form.nonce}
              error={error("nonce")}
              onChange={(event) => edit({ nonce: event.currentTarget.value })}
              data={[
                { value: "off", label: "Off" },
                { value: "required", label: "Required" },
              ]}
            />
            <TextInput
              label="Maximum age of proofs"
              description="Default 5m, either way"
              value={form.maxAge}
              error={error("maxAge")}
              onChange={(event) => edit({ maxAge: event.currentTarget.value })}
            />
            <TextInput
              label="Remembered proofs"
              description="Default 200000; a client holds a hundredth"
              value={form.replayEntries}
              error={error("replayEntries")}
              onChange={(event) => edit({ replayEntries: event.currentTarget.value })}
            />
          </div>
        )}
        <NativeSelect
          label="Bound tokens where nothing checks them (cnf)"
          description="Accepting them opens the agent to whoever has stolen one"
          value={form.cnf}
          error={error("cnf")}
          onChange={(event) => edit({ cnf: event.currentTarget.value })}
          data={[
            { value: "refuse", label: "Refuse them" },
            { value: "ignore", label: "Accept them as bearer tokens" },
          ]}
        />
      </Stack>
    </fieldset>
  );
}
