// The log-in dialog over a page whose session has ended, for example by a restart. The page beneath stays as it is.
import { Modal, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { loggedIn, useSessionLost } from "../api/login";
import { keys } from "../api/queries";
import { LoginForm } from "./LoginForm";

const stay = () => undefined;

export function LoginOver() {
  const lost = useSessionLost();
  const queries = useQueryClient();
  const done = () => {
    loggedIn();
    void queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
  };
  return (
    <Modal
      opened={lost}
      onClose={stay}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      zIndex={400}
      overlayProps={{ backgroundOpacity: 0.6, blur: 6 }}
      title="Log in again"
    >
      <Text size="sm" mb="md">
        Your session has ended: the gateway was restarted, or twelve hours have passed. The page stays as it
        is, and your input is kept.
      </Text>
      <LoginForm onDone={done} />
    </Modal>
  );
}
