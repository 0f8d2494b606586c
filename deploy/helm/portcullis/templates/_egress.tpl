{{/* Whom the pods may reach. A policy sees the address behind a Service, and its port there, so that a name in the cluster
     stands for its namespace, and any other name for the port of its URL. */}}

{{/* The rules for a list of URLs. */}}
{{- define "portcullis.egress.rules" -}}
{{- $namespaces := dict -}}
{{- $ports := dict -}}
{{- range .urls -}}
{{- if and (regexMatch "^[a-z]+://" .) (not (contains "${" .)) -}}
{{- $authority := regexReplaceAll "^[a-z]+://([^/?#@]*@)?([^/?#]*).*$" . "${2}" -}}
{{- $host := regexReplaceAll ":[0-9]+$" $authority "" -}}
{{- $service := regexFind "[a-z0-9-]+\\.svc(\\.|$)" $host -}}
{{- if regexMatch "^(localhost|127\\.[0-9.]+|\\[::1\\])$" $host -}}
{{- else if $service -}}
{{- $_ := set $namespaces (splitList "." $service | first) true -}}
{{- else if regexMatch "^[a-z0-9-]+$" $host -}}
{{- $_ := set $namespaces $.namespace true -}}
{{- else -}}
{{- $scheme := splitList ":" . | first -}}
{{- $usual := get (dict "http" "80" "redis" "6379" "rediss" "6379") $scheme | default "443" -}}
{{- $_ := set $ports (regexFind ":[0-9]+$" $authority | trimPrefix ":" | default $usual) true -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range keys $namespaces | sortAlpha }}
- to:
    - namespaceSelector:
        matchLabels: { kubernetes.io/metadata.name: {{ . }} }
{{- end }}
{{- with keys $ports | sortAlpha }}
- ports:
    {{- range . }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
{{- end }}
{{- end -}}

{{/* The URLs of a configuration's agents, as a list. */}}
{{- define "portcullis.egress.agents" -}}
{{- $urls := list -}}
{{- range .agents -}}
{{- if kindIs "map" .upstream -}}{{- $urls = append $urls (toString .upstream.url) -}}
{{- else -}}{{- $urls = append $urls (toString .upstream) -}}
{{- end -}}
{{- end -}}
{{- toJson $urls -}}
{{- end -}}

{{/* The URLs from which a configuration's identity providers have their keys, as a list. */}}
{{- define "portcullis.egress.providers" -}}
{{- $urls := list -}}
{{- range .identity_providers -}}
{{- if and .egress_proxy (ne (toString .egress_proxy) "none") -}}{{- $urls = append $urls .egress_proxy -}}
{{- else if .jwks_uri -}}{{- $urls = append $urls .jwks_uri -}}
{{- else if not (or .jwks .jwks_file .public_key .public_key_file) -}}{{- $urls = append $urls (toString .issuer) -}}
{{- end -}}
{{- end -}}
{{- toJson $urls -}}
{{- end -}}
