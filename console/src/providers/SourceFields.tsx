// The issuer, and the source of its keys.
import { Radio, Stack, TextInput, Textarea, type TextareaProps } from "@mantine/core";
import { IssuerHint } from "./IssuerHint";
import type { ProviderField, ProviderForm, Source } from "./form";

export interface Props {
  form: ProviderForm;
  edit: (change: Partial<ProviderForm>) => void;
  error: (field: ProviderField) => string | undefined;
}

const CHOICES: [Source, string, string][] = [
  ["discovery", "Issuer URL", "Found by OpenID Connect discovery or RFC 8414."],
  ["jwks_uri", "JWKS URL", "Fetched from a URL that you give."],
  ["jwks", "Inline JWKS", "The key set itself, kept in the configuration."],
  ["public_key", "PEM", "One public key or certificate."],
  ["spiffe", "SPIFFE", "The bundle of a trust domain, whose workloads bring JWT-SVIDs."],
];
const FILES: [Source, string, string][] = [
  ["jwks_file", "JWKS file", "A file on the gateway's disk, as it is now."],
  ["public_key_file", "PEM file", "A file on the gateway's disk, as it is now."],
];

export function SourceFields({ form, edit, error }: Props) {
  const choices = [...CHOICES, ...FILES.filter(([source]) => source === form.source)];
  return (
    <>
      {form.source === "spiffe" ? (
        <TextInput
          label="Trust domain"
          description="The sub of its tokens begins with spiffe:// and this name; their iss says nothing"
          placeholder="prod.example.com"
          required
          data-autofocus
          spellCheck={false}
          value={form.trustDomain}
          error={error("trustDomain")}
          onChange={(event) => edit({ trustDomain: event.currentTarget.value })}
        />
      ) : (
        <>
          <TextInput
            label="Issuer"
            description="Exactly the iss of its tokens, byte for byte; a slash at the end counts"
            placeholder="https://idp.example.com/realms/a"
            required
            data-autofocus
            spellCheck={false}
            value={form.issuer}
            error={error("issuer")}
            onChange={(event) => edit({ issuer: event.currentTarget.value })}
          />
          <IssuerHint typed={form.issuer} onUse={(issuer) => edit({ issuer })} />
        </>
      )}
      <Radio.Group
        label="Keys"
        value={form.source}
        error={error("source")}
        onChange={(value) => edit({ source: value as Source })}
      >
        <Stack gap={8} mt={6}>
          {choices.map(([source, label, description]) => (
            <Radio key={source} value={source} label={label} description={description} />
          ))}
        </Stack>
      </Radio.Group>
      {form.source === "jwks_uri" && (
        <TextInput
          label="URL of the key set"
          placeholder="https://idp.example.com/keys"
          required
          spellCheck={false}
          value={form.jwksUri}
          error={error("jwksUri")}
          onChange={(event) => edit({ jwksUri: event.currentTarget.value })}
        />
      )}
      {form.source === "spiffe" && (
        <TextInput
          label="URL of the bundle"
          description="Over https; empty only where the bundle is a file on the gateway's disk"
          placeholder="https://spire.example.com/bundle"
          spellCheck={false}
          value={form.bundleUrl}
          error={error("bundleUrl")}
          onChange={(event) => edit({ bundleUrl: event.currentTarget.value })}
        />
      )}
      {form.source === "jwks" && (
        <KeyText
          label="Key set"
          description="Public keys as JSON; never paste private ones"
          placeholder='{"keys": [{"kty": "RSA", …}]}'
          value={form.jwks}
          error={error("jwks")}
          onChange={(event) => edit({ jwks: event.currentTarget.value })}
        />
      )}
      {form.source === "public_key" && (
        <KeyText
          label="Public key or certificate"
          description="PEM text; never paste a private key"
          placeholder="-----BEGIN PUBLIC KEY-----"
          value={form.publicKey}
          error={error("publicKey")}
          onChange={(event) => edit({ publicKey: event.currentTarget.value })}
        />
      )}
    </>
  );
}

/** Keys as text, in as many lines as they need. */
function KeyText(props: TextareaProps) {
  return (
    <Textarea
      required
      autosize
      minRows={5}
      maxRows={14}
      spellCheck={false}
      classNames={{ input: "mono" }}
      {...props}
    />
  );
}
