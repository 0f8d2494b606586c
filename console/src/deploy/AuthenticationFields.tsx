// Who may call: OAuth, API key or public, with the fields of each.
import {
  Button,
  Checkbox,
  Group,
  MultiSelect,
  Radio,
  Stack,
  Switch,
  TagsInput,
  TextInput,
} from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { Authentication, ProviderSummary } from "../api/schemas";
import { Notice } from "../parts/Notice";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";

interface Props extends FieldProps {
  providers: ProviderSummary[];
  noProviders: boolean;
  onAddProvider: () => void;
}

export function AuthenticationFields({ providers, noProviders, onAddProvider, ...fields }: Props) {
  const { form, edit, error } = fields;
  return (
    <Stack gap="md">
      <Radio.Group
        label="Endpoint authentication"
        value={form.authentication ?? ""}
        error={error("authentication")}
        onChange={(value) => edit({ authentication: value as Authentication })}
      >
        <Group gap="lg" mt={6} mb={4}>
          <Radio value="oauth" label="OAuth" />
          <Radio value="api_key" label="API key" />
          <Radio value="public" label="Public" />
        </Group>
      </Radio.Group>
      {form.authentication === "oauth" && (
        <OAuthFields
          {...fields}
          providers={providers}
          noProviders={noProviders}
          onAddProvider={onAddProvider}
        />
      )}
      {form.authentication === "api_key" && (
        <TextInput
          label="Header name"
          description="The request header that holds the key"
          value={form.keyHeader}
          error={error("keyHeader")}
          onChange={(event) => edit({ keyHeader: event.currentTarget.value })}
        />
      )}
      {form.authentication === "public" && (
        <Notice tone="warn">
          <p>Without authentication, anyone who can reach the gateway can call this agent.</p>
        </Notice>
      )}
    </Stack>
  );
}

function OAuthFields({ form, edit, error, providers, noProviders, onAddProvider }: Props) {
  const known = providers.map((provider) => provider.name);
  // A provider that is named but does not exist stays visible, so that it can be removed.
  const data = [...new Set([...known, ...form.providers])];
  return (
    <>
      <MultiSelect
        label="Identity providers"
        description="Whose tokens are accepted"
        required
        searchable
        hidePickedOptions
        data={data}
        value={form.providers}
        error={error("providers")}
        onChange={(value) => edit({ providers: value })}
        nothingFoundMessage="No identity provider with this name"
      />
      <div>
        {noProviders && <p className="dim small">There is no identity provider yet; OAuth needs one.</p>}
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={onAddProvider}
        >
          Add an identity provider
        </Button>
      </div>
      <div>
        <TagsInput
          label="Audiences"
          description="The token must name one of these in aud; press Enter after each"
          value={form.audiences}
          error={error("audiences")}
          onChange={(value) => edit({ audiences: value })}
        />
        <Audience form={form} />
      </div>
      {form.protocol === "mcp" && (
        <Checkbox
          label="The URL of the agent is an audience too"
          description="Clients of MCP ask for tokens for it. Off: only the audiences above, as for Entra"
          checked={form.audienceKind !== "custom"}
          error={error("audienceKind")}
          onChange={(event) => edit({ audienceKind: event.currentTarget.checked ? "resource" : "custom" })}
        />
      )}
      <div className={css.pair}>
        <TextInput
          label="Header name"
          description="The request header that holds the token"
          value={form.header}
          error={error("header")}
          onChange={(event) => edit({ header: event.currentTarget.value })}
        />
        <TextInput
          label="Prefix"
          description="Precedes the token; may be empty"
          value={form.prefix}
          error={error("prefix")}
          onChange={(event) => edit({ prefix: event.currentTarget.value })}
        />
      </div>
      <Switch
        label="Forward token to upstream"
        description="The agent receives the header exactly as the caller sent it. Only for agents that need the caller's token. Another header for it can be set under More."
        checked={form.forwardToken}
        error={error("forwardToken")}
        onChange={(event) => edit({ forwardToken: event.currentTarget.checked })}
      />
    </>
  );
}

/** What it means that no audience is written. */
function Audience({ form }: Pick<FieldProps, "form">) {
  if (form.audiences.length > 0) return null;
  const isMcp = form.protocol === "mcp";
  const own = isMcp && form.audienceKind !== "custom";
  return (
    <div style={{ marginTop: "0.5rem" }}>
      <Notice tone={own ? "note" : "warn"}>
        <p>
          {own
            ? "Tokens must be for the URL of the agent. It needs a public URL, its own or the gateway's."
            : isMcp
              ? "Name at least one audience: the URL of the agent is none."
              : "Any audience is accepted: tokens that were issued for other services can call this agent too."}
        </p>
      </Notice>
    </div>
  );
}
