{{/* The configuration that the gateway reads, and what the workload takes from it. */}}

{{/* The chart's own `server`, and the store that `store.type` names. */}}
{{- define "portcullis.own" -}}
{{- $secrets := include "portcullis.secrets" . -}}
version: 1
server:
  listeners:
    {{- if .Values.tls.existingSecret }}
    - address: 0.0.0.0:8443
      tls:
        certificates:
          - cert_file: {{ $secrets }}/tls/tls.crt
            key_file: {{ $secrets }}/tls/tls.key
    {{- else }}
    - address: 0.0.0.0:8080
    {{- end }}
  ops: { address: "0.0.0.0:9464" }
  state_dir: /var/lib/portcullis
  trusted_proxies: [10.0.0.0/8]
  shutdown: { delay: 5s, drain: 25s }
  {{- if eq .Values.store.type "etcd" }}
  # The pod's name; what stands behind `:-` is for a check outside of a cluster.
  member: { name: "${POD_NAME:-not-in-a-pod}" }
  {{- end }}
{{- if eq .Values.store.type "directory" }}
store:
  directory: {{ include "portcullis.directory" . }}
{{- else if eq .Values.store.type "etcd" }}
store:
  etcd:
    endpoints: {{ toJson .Values.store.etcd.endpoints }}
    prefix: {{ .Values.store.etcd.prefix | quote }}
    {{- if .Values.store.etcd.existingSecret }}
    ca_file: {{ $secrets }}/etcd/ca.crt
    cert_file: {{ $secrets }}/etcd/tls.crt
    key_file: {{ $secrets }}/etcd/tls.key
    {{- end }}
{{- end }}
{{- end -}}

{{- define "portcullis.directory" -}}/var/lib/portcullis-config{{- end -}}

{{/* Puts `over` on `base`, in place. Helm's own merge keeps what false, 0 or "" should replace, and cannot remove. */}}
{{- define "portcullis.merge" -}}
{{- range $key, $value := .over -}}
{{- $there := get $.base $key -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $.base $key -}}
{{- else if and (kindIs "map" $value) (kindIs "map" $there) -}}
{{- include "portcullis.merge" (dict "base" $there "over" $value) -}}
{{- else -}}
{{- $_ := set $.base $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Helm reads `off` as false. Where the gateway has that word, it is put back, in place. */}}
{{- define "portcullis.off" -}}
{{- if kindIs "slice" . -}}
{{- range . -}}{{- include "portcullis.off" . -}}{{- end -}}
{{- else if kindIs "map" . -}}
{{- $map := . -}}
{{- range $key, $value := $map -}}
{{- if and (kindIs "bool" $value) (not $value) (has $key (list "access_log" "mode" "proxy_protocol" "stream_idle_timeout")) -}}
{{- $_ := set $map $key "off" -}}
{{- else -}}
{{- include "portcullis.off" $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "portcullis.config" -}}
{{- $config := include "portcullis.own" . | fromYaml -}}
{{- include "portcullis.merge" (dict "base" $config "over" .Values.config) -}}
{{- include "portcullis.off" $config -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The seconds of a duration such as 1m30s, rounded up. */}}
{{- define "portcullis.seconds" -}}
{{- $millis := 0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h|d)" (toString .) -1 -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $each := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) $unit -}}
{{- $millis = add $millis (mul (regexFind "[0-9]+" . | int64) $each) -}}
{{- end -}}
{{- div (add $millis 999) 1000 -}}
{{- end -}}

{{/* The ports of the listeners, as [{name, port, tls}]; the first is the one that `service.port` leads to. */}}
{{- define "portcullis.listeners" -}}
{{- range $at, $listener := .listeners }}
- name: {{ if $at }}listener-{{ $at }}{{ else if $listener.tls }}https{{ else }}http{{ end }}
  port: {{ regexFind "[0-9]+$" (toString $listener.address) }}
  tls: {{ if $listener.tls }}true{{ else }}false{{ end }}
{{- end }}
{{- end -}}

{{/* Ends the rendering where values contradict each other. */}}
{{- define "portcullis.agree" -}}
{{- $replicas := include "portcullis.replicas" . | int -}}
{{- $config := include "portcullis.config" . | fromYaml -}}
{{- with .Values -}}
{{- if and (eq .store.type "directory") (gt $replicas 1) -}}
{{- fail "store.type is directory, which one process at a time may hold: set replicas to 1, or store.type to etcd" -}}
{{- end -}}
{{- if and (eq .store.type "directory") .autoscaling.enabled -}}
{{- fail "store.type is directory, which one process at a time may hold: turn autoscaling off, or set store.type to etcd" -}}
{{- end -}}
{{- if and (eq .store.type "etcd") (not (dig "store" "etcd" "endpoints" list $config)) -}}
{{- fail "store.type is etcd, and store.etcd.endpoints is empty: list the URLs of its members" -}}
{{- end -}}
{{- if and (ne .store.type "etcd") (or .store.etcd.endpoints .store.etcd.existingSecret) -}}
{{- fail (printf "store.etcd is written, and store.type is %s: set store.type to etcd, or remove store.etcd" .store.type) -}}
{{- end -}}
{{- range $kind, $_ := .config.store -}}
{{- if ne $kind $.Values.store.type -}}
{{- fail (printf "config.store.%s is written, and store.type is %s: set store.type, from which volumes and replicas follow" $kind $.Values.store.type) -}}
{{- end -}}
{{- end -}}
{{- if and .autoscaling.enabled (gt (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is larger than autoscaling.maxReplicas" -}}
{{- end -}}
{{- if and .autoscaling.enabled (not .autoscaling.cpu) (not .autoscaling.connectionsPerPod) -}}
{{- fail "autoscaling has no measure: set autoscaling.cpu, autoscaling.connectionsPerPod, or both" -}}
{{- end -}}
{{- if and .serviceMonitor.enabled .podMonitor.enabled -}}
{{- fail "serviceMonitor and podMonitor would scrape each pod twice: enable one of them" -}}
{{- end -}}
{{- end -}}
{{- end -}}
