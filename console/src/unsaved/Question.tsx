// Asks before unsaved input is lost.
import { Button, Group, Modal, Stack } from "@mantine/core";
import { answer, useAsked } from "./unsaved";

export function UnsavedQuestion() {
  const asked = useAsked();
  return (
    <Modal opened={asked} onClose={() => answer(false)} title="Discard your changes?" zIndex={300}>
      <Stack gap="md">
        <p style={{ margin: 0 }}>Your changes have not been saved.</p>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => answer(true)}>
            Discard
          </Button>
          <Button onClick={() => answer(false)} data-autofocus>
            Keep editing
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
