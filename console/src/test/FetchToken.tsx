// Fetches a token from an identity provider of the agent with client credentials. The gateway passes them on to the
// provider, and neither the gateway nor the console stores them.
import { Button, NativeSelect, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { providers } from "../api/calls";
import { useProvider } from "../api/queries";
import type { AgentDetail, ClientTokenQuestion } from "../api/schemas";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Notice } from "../parts/Notice";
import { span } from "../parts/format";
import { tokenRequestFor, requirementsOf } from "../vendors/tokenRequest";
import { type TokenRequest, vendorOf } from "../vendors/vendors";
import css from "./TestPage.module.css";

interface Props {
  agent: AgentDetail;
  onToken: (token: string) => void;
}

export function FetchToken({ agent, onToken }: Props) {
  const [provider, setProvider] = useState(agent.identity_providers[0] ?? "");
  const [id, setId] = useState("");
  const [secret, setSecret] = useState("");
  const issuer = useProvider(provider).data?.issuer ?? null;
  const [typed, setTyped] = useState<TokenRequest>({});
  // What the agent requires, until it is edited.
  const request: TokenRequest = {
    ...(issuer === null ? {} : tokenRequestFor(issuer, requirementsOf(agent.spec))),
    ...typed,
  };
  const vendor = issuer === null ? null : vendorOf(issuer);
  const [authentication, setAuthentication] = useState<"basic" | "post">("basic");
  const fetching = useMutation({
    mutationFn: () => {
      const body: ClientTokenQuestion = { client_id: id.trim(), client_secret: secret, authentication };
      for (const name of ["scope", "audience", "resource"] as const) {
        const value = request[name]?.trim();
        if (value) body[name] = value;
      }
      return providers.token(provider, body);
    },
    onSuccess: (token) => onToken(token.access_token),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    fetching.mutate();
  };
  return (
    <details className={css.fetch}>
      <summary>Fetch a token with client credentials</summary>
      <form onSubmit={submit} autoComplete="off">
        <Stack gap="sm" mt="xs">
          {vendor && (
            <Notice tone="note" title={vendor.name}>
              <p>{vendor.pitfall}</p>
            </Notice>
          )}
          <NativeSelect
            label="Identity provider"
            data={agent.identity_providers}
            value={provider}
            onChange={(event) => setProvider(event.currentTarget.value)}
          />
          <div className={css.pair}>
            <TextInput
              label="Client ID"
              required
              autoComplete="off"
              value={id}
              onChange={(event) => setId(event.currentTarget.value)}
            />
            <PasswordInput
              label="Client secret"
              required
              autoComplete="new-password"
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              visibilityToggleButtonProps={{
                "aria-label": "Show the client secret",
                tabIndex: 0,
              }}
            />
          </div>
          <TextInput
            label="Scope"
            description="Filled in from the agent; separate several with spaces"
            value={request.scope ?? ""}
            onChange={(event) => setTyped({ ...typed, scope: event.currentTarget.value })}
          />
          <div className={css.pair}>
            <TextInput
              label="Audience"
              value={request.audience ?? ""}
              onChange={(event) => setTyped({ ...typed, audience: event.currentTarget.value })}
            />
            <TextInput
              label="Resource"
              value={request.resource ?? ""}
              onChange={(event) => setTyped({ ...typed, resource: event.currentTarget.value })}
            />
          </div>
          <NativeSelect
            label="Client authentication"
            data={[
              { value: "basic", label: "HTTP Basic" },
              { value: "post", label: "In the request body" },
            ]}
            value={authentication}
            onChange={(event) => setAuthentication(event.currentTarget.value === "post" ? "post" : "basic")}
          />
          {fetching.isError && <ErrorNotice error={fetching.error} title="No token was issued" />}
          <div role="status">
            {fetching.data && (
              <span className="small">
                A token was fetched and filled in
                {fetching.data.expires_in ? `; it is valid for ${span(fetching.data.expires_in)}` : ""}.
              </span>
            )}
          </div>
          <div>
            <Button type="submit" variant="default" loading={fetching.isPending}>
              Fetch token
            </Button>
          </div>
        </Stack>
      </form>
    </details>
  );
}
