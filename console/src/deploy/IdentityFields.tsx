// The agent itself: its name, its route, and its upstream.
import { Checkbox, Stack, TagsInput, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { UpstreamUrls } from "./UpstreamUrls";

interface Props extends FieldProps {
  name: string;
  onName?: (name: string) => void;
  isNew: boolean;
}

export function IdentityFields({ form, edit, error, name, onName, isNew }: Props) {
  return (
    <Stack gap="md">
      <div className={css.pair}>
        {isNew && (
          <TextInput
            label="Name"
            description="Lowercase letters, digits and dashes"
            required
            data-autofocus
            value={name}
            error={error("name")}
            onChange={(event) => onName?.(event.currentTarget.value.trim())}
          />
        )}
        <TextInput
          label="Display name"
          description="Shown to people; the name by default"
          value={form.displayName}
          error={error("displayName")}
          onChange={(event) => edit({ displayName: event.currentTarget.value })}
        />
      </div>
      <div className={css.pair}>
        <TextInput
          label="Path"
          description="Requests at and below this path"
          placeholder="/agents/refunds"
          required
          value={form.path}
          error={error("path")}
          onChange={(event) => edit({ path: event.currentTarget.value })}
        />
        <TagsInput
          label="Hosts"
          description="Only these hosts; empty means every host; *. matches one label"
          placeholder={form.hosts.length ? undefined : "agents.example.com"}
          value={form.hosts}
          error={error("hosts")}
          onChange={(hosts) => edit({ hosts })}
        />
      </div>
      <Checkbox
        label="Strip the path before the request goes to the agent"
        checked={form.stripPath}
        error={error("stripPath")}
        onChange={(event) => edit({ stripPath: event.currentTarget.checked })}
      />
      <UpstreamUrls {...{ form, edit, error }} />
    </Stack>
  );
}
