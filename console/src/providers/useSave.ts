// The calls of the provider form: a probe, a dry run for the review, and the change itself.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { type Precondition, providers } from "../api/calls";
import { keys } from "../api/queries";
import type { JsonObject, ProviderDetail } from "../api/schemas";
import { said } from "../fleet/spread";
import { useUndo } from "../history/useUndo";
import { useToast } from "../parts/toast";
import type { ProviderForm } from "./form";

export const useProbe = (form: ProviderForm) =>
  useMutation({
    mutationFn: () =>
      providers.probe({
        issuer: form.issuer.trim(),
        ...(form.source === "jwks_uri" ? { jwks_uri: form.jwksUri.trim() } : {}),
        ...(form.insecureHttp ? { insecure_http: true } : {}),
      }),
  });

interface Props {
  provider: ProviderDetail | null;
  name: string;
  spec: JsonObject;
  /** Called when the input is saved, so that leaving loses nothing. */
  settle: () => void;
  onClose: () => void;
  onSaved?: (name: string) => void;
}

export function useSave({ provider, name, spec, settle, onClose, onSaved }: Props) {
  const [on] = useState<Precondition>(() => (provider ? { ifMatch: provider.etag } : { ifAbsent: true }));
  const [, go] = useLocation();
  const queries = useQueryClient();
  const toast = useToast();
  const undo = useUndo();

  const review = useMutation({ mutationFn: () => providers.put(name, spec, on, { dryRun: true }) });
  const save = useMutation({
    mutationFn: (force: boolean) => providers.put(name, spec, on, { force }),
    onSuccess: (written) => {
      settle();
      const back = provider ? undo(`identity_providers/${name}`, written) : undefined;
      const { text, tone } = said(`${name} is saved and live.`, written);
      toast(text, tone, back);
      if (onSaved) return onSaved(name);
      if (provider) onClose();
      else go(`/identity-providers/${encodeURIComponent(name)}`);
    },
    onSettled: () =>
      Promise.all(
        [keys.providers, keys.status, keys.fleet, keys.agents, ["revisions"]].map((queryKey) =>
          queries.invalidateQueries({ queryKey }),
        ),
      ),
  });
  const reset = () => {
    review.reset();
    save.reset();
  };
  return { save, review, reset };
}
