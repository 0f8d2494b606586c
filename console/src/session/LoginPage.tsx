// The login: the admin token in, a session cookie out. The token is not kept.
import { Button, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { session } from "../api/calls";
import { sentence } from "../api/client";
import { keys } from "../api/queries";
import { Notice } from "../parts/Notice";
import { ColourToggle } from "../shell/ColourToggle";
import { Logo } from "../shell/Logo";
import css from "./LoginPage.module.css";

export function LoginPage() {
  const [token, setToken] = useState("");
  const queries = useQueryClient();
  const login = useMutation({
    mutationFn: (typed: string) => session.open(typed),
    onSuccess: () => {
      setToken("");
      return queries.invalidateQueries({ queryKey: keys.session });
    },
  });
  useEffect(() => {
    document.title = "Log in · Portcullis";
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim()) login.mutate(token.trim());
  };

  return (
    <main className={css.page}>
      <div className={css.corner}>
        <ColourToggle />
      </div>
      <form className={css.card} onSubmit={submit}>
        <Stack gap="md">
          <div className={css.brand}>
            <Logo size={36} />
            <Title order={1}>Portcullis</Title>
          </div>
          <PasswordInput
            label="Admin token"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            autoComplete="current-password"
            autoFocus
            required
            withAsterisk={false}
            spellCheck={false}
            visibilityToggleButtonProps={{ "aria-label": "Show the token", tabIndex: 0 }}
          />
          {login.isError && (
            <Notice tone="bad" title="Not logged in" role="alert">
              <p>{sentence(login.error)}</p>
            </Notice>
          )}
          <Button type="submit" loading={login.isPending} fullWidth>
            Log in
          </Button>
          <Text size="sm" c="dimmed">
            The token is in the file that <code>server.admin.token_file</code> of the configuration names. The
            gateway makes the file at its first start and writes its path, never the token, to the log: look
            for <code>token_file</code> there.
          </Text>
          <Text size="sm" c="dimmed">
            Scripts send the same token as <code>Authorization: Bearer</code> to <code>/api/v1</code>; the API
            is described in{" "}
            <a href="/openapi.json" className="link">
              openapi.json
            </a>
            .
          </Text>
        </Stack>
      </form>
    </main>
  );
}
