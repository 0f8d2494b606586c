// Exchanges the admin token for a session cookie. The token is not kept.
import { Button, PasswordInput, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { session } from "../api/calls";
import { ApiError, sentence } from "../api/client";
import { Notice } from "../parts/Notice";

export function LoginForm({ onDone }: { onDone: () => void }) {
  const [token, setToken] = useState("");
  const login = useMutation({
    networkMode: "always",
    mutationFn: (typed: string) => session.open(typed),
    onSuccess: () => {
      setToken("");
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim()) login.mutate(token.trim());
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <PasswordInput
          label="Admin token"
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          autoComplete="current-password"
          data-autofocus
          autoFocus
          required
          withAsterisk={false}
          spellCheck={false}
          visibilityToggleButtonProps={{ "aria-label": "Show the token", tabIndex: 0 }}
        />
        {login.isError && (
          <Notice tone="bad" title="Not logged in" role="alert">
            <p>{whyNot(login.error)}</p>
          </Notice>
        )}
        <Button type="submit" loading={login.isPending} fullWidth>
          Log in
        </Button>
      </Stack>
    </form>
  );
}

/** The API's own message is for programs that send the token in a header. */
export function whyNot(error: unknown): string {
  return error instanceof ApiError && error.status === 401
    ? "That is not this gateway's token."
    : sentence(error);
}
