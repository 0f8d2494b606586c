{{/* What the values leave open, a line each: for NOTES.txt. */}}

{{- define "portcullis.missing" -}}
{{- $config := include "portcullis.config" . | fromYaml -}}
{{- $server := $config.server -}}
{{- $shared := eq .Values.store.type "etcd" -}}
{{- $several := gt (include "portcullis.fewest" . | int) 1 -}}
{{- $first := include "portcullis.listeners" $server | fromYamlArray | first -}}
{{- if and (eq .Values.store.type "none") (not $config.agents) }}
- config.agents is empty: the gateway has no agent, and answers 404 to all.
{{- end }}
{{- if not $first.tls }}
- tls.existingSecret is empty: the pods speak plain HTTP, and something in front of them must end TLS.
{{- end }}
{{- if not $server.trusted_proxies }}
- config.server.trusted_proxies is empty: behind an ingress, all callers seem to come from the ingress.
{{- else }}
- X-Forwarded-For is believed from {{ join ", " $server.trusted_proxies }}: set config.server.trusted_proxies to the networks of your ingress.
{{- end }}
{{- include "portcullis.missing.store" (dict "root" . "config" $config "several" $several) }}
{{- include "portcullis.missing.streams" $config }}
{{- if and $several (not (dig "signing" "key_file" "" $server)) (regexMatch "signatures: resign" (toYaml $config.agents)) }}
- config.server.signing.key_file is not set: each pod signs the cards of agents with a key of its own.
{{- end }}
{{- if and .Values.podDisruptionBudget.enabled (not $several) }}
- There is one replica, and no budget, which would block the drain of its node for ever: a roll-out or a drain is an outage.
{{- end }}
{{- include "portcullis.missing.watched" (dict "root" . "config" $config) }}
{{- range $name, $set := dict "redis" (or .Values.redis.url .Values.redis.existingSecret) "otlp" (or .Values.otlp.endpoint .Values.otlp.existingSecret) "oidc" .Values.oidc.existingSecret }}
{{- if $set }}
- {{ $name }} is set: the pods have it, and this version of the gateway uses it only where config says so.
{{- end }}
{{- end }}
{{- end -}}

{{- define "portcullis.missing.store" -}}
{{- $etcd := dig "store" "etcd" dict .config -}}
{{- if eq .root.Values.store.type "none" }}
- store.type is none: agents are changed in config, and the control API only reads.
{{- else if eq .root.Values.store.type "directory" }}
- store.type is directory: one replica, with a volume that `helm uninstall` leaves; a roll-out is an outage of some seconds.
{{- else }}
{{- if not .root.Values.store.etcd.existingSecret }}
- store.etcd.existingSecret is empty: the pods trust the system's certificate authorities, and show etcd no certificate.
{{- end }}
{{- if not $etcd.store_id }}
- config.store.etcd.store_id is not set: an etcd that was wiped looks like a new one. `portcullis store init` prints the id.
{{- end }}
{{- if or .config.agents .config.identity_providers .config.api_keys }}
- config has agents, identity providers or API keys beside the store: the control API cannot change them, and a name that both
  have makes the pods refuse a revision.
{{- end }}
{{- if and .several (not .config.server.sealing_key_file) }}
- config.server.sealing_key_file is not set: each pod seals with a key of its own. Put 32 bytes into the Secret of etcd as
  `seal.key`, and name /etc/portcullis-secrets/etcd/seal.key.
{{- end }}
{{- end }}
{{- end -}}

{{/* Agents whose answers may last longer than a pod waits for them. */}}
{{- define "portcullis.missing.streams" -}}
{{- $drain := include "portcullis.seconds" .server.shutdown.drain | int -}}
{{- $longer := list -}}
{{- range $name, $agent := .agents -}}
{{- $idle := "off" -}}
{{- if kindIs "map" $agent.upstream -}}{{- $idle = $agent.upstream.stream_idle_timeout | default "off" -}}{{- end -}}
{{- if or (eq (toString $idle) "off") (gt (include "portcullis.seconds" $idle | int) $drain) -}}
{{- $longer = append $longer $name -}}
{{- end -}}
{{- end -}}
{{- with $longer }}
- config.server.shutdown.drain is {{ $.server.shutdown.drain }}, shorter than the streams that these agents allow: a roll-out ends those that
  run longer: {{ join ", " . }}.
{{- end }}
{{- end -}}

{{- define "portcullis.missing.watched" -}}
{{- $values := .root.Values -}}
{{- if not $values.networkPolicy.enabled }}
- networkPolicy.enabled is false: every pod of the cluster reaches the ops port, which has no credentials.
{{- else if $values.networkPolicy.egress.enabled }}
{{- if ne $values.store.type "none" }}
- networkPolicy.egress.extra must name the agents and identity providers that only the store knows.
{{- end }}
{{- $urls := concat (include "portcullis.egress.agents" .config | fromJsonArray) (include "portcullis.egress.providers" .config | fromJsonArray) -}}
{{- range $urls }}
{{- if contains "${" . }}
- networkPolicy.egress.extra must name {{ . }}, which the chart cannot read.
{{- end }}
{{- end }}
{{- end }}
{{- if and $values.networkPolicy.enabled (not $values.networkPolicy.monitoringNamespace) }}
- networkPolicy.monitoringNamespace is empty: nobody reaches the ops port, and so nobody scrapes the metrics.
{{- end }}
{{- if not $values.prometheusRule.enabled }}
- prometheusRule.enabled is false: nobody is told when the gateway turns good callers away, unless the rules are loaded elsewhere.
{{- end }}
{{- if and $values.autoscaling.enabled $values.autoscaling.connectionsPerPod }}
- autoscaling.connectionsPerPod needs an adapter that serves portcullis_connections in custom.metrics.k8s.io.
{{- end }}
{{- end -}}
