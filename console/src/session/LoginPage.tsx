// The log-in page: the form, and where to find the token.
import { Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { keys } from "../api/queries";
import { ColourToggle } from "../shell/ColourToggle";
import { Logo } from "../shell/Logo";
import { LoginForm } from "./LoginForm";
import css from "./LoginPage.module.css";

export function LoginPage() {
  const queries = useQueryClient();
  useEffect(() => {
    document.title = "Log in · Portcullis";
  }, []);

  return (
    <main className={css.page}>
      <div className={css.corner}>
        <ColourToggle />
      </div>
      <div className={css.card}>
        <Stack gap="md">
          <div className={css.brand}>
            <Logo size={36} />
            <Title order={1}>Portcullis</Title>
          </div>
          <LoginForm onDone={() => void queries.invalidateQueries({ queryKey: keys.session })} />
          <Text size="sm" c="dimmed">
            The token is in the file that <code>server.admin.token_file</code> in the configuration names. The
            gateway creates the file at its first start and logs its path, never the token: look for{" "}
            <code>token_file</code> in the log.
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
      </div>
    </main>
  );
}
