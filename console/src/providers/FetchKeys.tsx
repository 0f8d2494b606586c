// Fetches the keys of a provider now, instead of at the next refresh.
import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { providers } from "../api/calls";
import { sentence } from "../api/client";
import { keys } from "../api/queries";
import { plural } from "../parts/format";
import { useToast } from "../parts/toast";

export function FetchKeys({ name, size }: { name: string; size?: "xs" }) {
  const queries = useQueryClient();
  const toast = useToast();
  const fetching = useMutation({
    mutationFn: () => providers.fetchKeys(name),
    onSuccess: (status) => {
      if (status.last_error) toast(`${name}: ${status.last_error}`, "bad");
      else toast(`${name}: ${plural(status.keys.length, "key")} fetched.`);
    },
    onError: (error) => toast(`${name}: ${sentence(error)}`, "bad"),
    onSettled: () =>
      Promise.all([keys.providers, keys.status].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
  return (
    <Button
      size={size}
      variant="default"
      leftSection={<IconRefresh size={16} aria-hidden />}
      loading={fetching.isPending}
      aria-label={size ? `Fetch the keys of ${name} now` : undefined}
      onClick={() => fetching.mutate()}
    >
      Fetch keys now
    </Button>
  );
}
