{{/* Names and labels. */}}

{{/* The release's name; `portcullis` is put behind one that does not have it. Suffixes of up to 11 characters fit. */}}
{{- define "portcullis.fullname" -}}
{{- $name := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) -}}
{{- $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* What a selector holds: it is never changed, and two releases in one namespace differ in it. */}}
{{- define "portcullis.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "portcullis.labels" -}}
{{ include "portcullis.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "portcullis.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}
{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where a Secret is mounted: beside the configuration, since nothing can be mounted inside a ConfigMap. */}}
{{- define "portcullis.secrets" -}}/etc/portcullis-secrets{{- end -}}

{{- define "portcullis.replicas" -}}
{{- if kindIs "invalid" .Values.replicas -}}{{ ternary 1 2 (eq .Values.store.type "directory") }}
{{- else -}}{{ int .Values.replicas }}
{{- end -}}
{{- end -}}

{{/* The fewest pods there are when nothing is wrong. */}}
{{- define "portcullis.fewest" -}}
{{- if .Values.autoscaling.enabled -}}{{ int .Values.autoscaling.minReplicas }}
{{- else -}}{{ include "portcullis.replicas" . }}
{{- end -}}
{{- end -}}
