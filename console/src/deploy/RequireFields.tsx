// What a token must be besides its scopes and claims: after what login, for which client, and who acts for the subject.
import { NativeSelect, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { Rows } from "./Rows";

export function RequireFields({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>Login, client and actor</legend>
      <Stack gap="md">
        <TagsInput
          label="Classes of login (acr)"
          description="One of these is needed; else the client is told to send the user to log in again"
          value={form.acrValues}
          error={error("acrValues")}
          onChange={(value) => edit({ acrValues: value })}
        />
        <div className={css.pair}>
          <TextInput
            label="Maximum login age"
            description="Since auth_time, such as 15m; empty means no limit"
            value={form.maxAuthAge}
            error={error("maxAuthAge")}
            onChange={(event) => edit({ maxAuthAge: event.currentTarget.value })}
          />
          <NativeSelect
            label="Token profile"
            description="RFC 9068: typ at+jwt, with all its claims"
            value={form.tokenProfile}
            error={error("tokenProfile")}
            onChange={(event) => edit({ tokenProfile: event.currentTarget.value })}
            data={[
              { value: "any", label: "Any" },
              { value: "rfc9068", label: "RFC 9068" },
            ]}
          />
        </div>
        <TagsInput
          label="Methods of login (amr)"
          description="One of these is needed, such as otp"
          value={form.amrAny}
          error={error("amrAny")}
          onChange={(value) => edit({ amrAny: value })}
        />
        <TagsInput
          label="Clients that may"
          description="Client ids, and https://HOST/* for all that begin so; empty admits all"
          value={form.clientsAllow}
          error={error("clientsAllow")}
          onChange={(value) => edit({ clientsAllow: value })}
        />
        <TagsInput
          label="Clients that may not"
          description="They are refused also where the list above names them"
          value={form.clientsDeny}
          error={error("clientsDeny")}
          onChange={(value) => edit({ clientsDeny: value })}
        />
        <Rows
          legend="Actors"
          about="Who may act for the subject of a token (act): issuer and subject of the outermost. Without a row, all may."
          one="rule"
          rows={form.actors}
          empty={{ issuer: "", sub: "" }}
          className={css.row}
          error={error("actors")}
          onChange={(actors) => edit({ actors })}
          fields={(row, change, nth) => (
            <>
              <TextInput
                aria-label={`Actors: issuer ${nth}`}
                placeholder="https://idp.example.com"
                value={row.issuer}
                onChange={(event) => change({ issuer: event.currentTarget.value })}
              />
              <TextInput
                aria-label={`Actors: subject ${nth}`}
                placeholder="planner"
                value={row.sub}
                onChange={(event) => change({ sub: event.currentTarget.value })}
              />
            </>
          )}
        />
        <TextInput
          label="Longest chain of actors"
          description="Default 3, where anything is said of actors"
          value={form.actorDepth}
          error={error("actorDepth")}
          onChange={(event) => edit({ actorDepth: event.currentTarget.value })}
        />
        <Switch
          label="Refuse tokens without an actor"
          description="Then no subject comes by itself"
          checked={form.actorRequired}
          error={error("actorRequired")}
          onChange={(event) => edit({ actorRequired: event.currentTarget.checked })}
        />
      </Stack>
    </fieldset>
  );
}
