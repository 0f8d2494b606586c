#!/usr/bin/env bash
# The control API with curl, from logging in to rolling back. Every step is checked; the first that fails ends it.
#
#   ADMIN=http://127.0.0.1:9465 TOKEN_FILE=/var/lib/portcullis/admin.token docs/api-story.sh
#
# UPSTREAM is where the agent runs; it is only asked when something listens there. ISSUER is the identity provider that
# is added. Both are taken away again at the end. Wants curl and jq. For a control API with a certificate of its own,
# set CURL_CA_BUNDLE.
set -euo pipefail

: "${ADMIN:?the URL of the control API, such as http://127.0.0.1:9465}" "${TOKEN_FILE:?the token file of the gateway}"
[ -r "$TOKEN_FILE" ] || { printf 'cannot read %s\n' "$TOKEN_FILE" >&2 && exit 1; }
UPSTREAM=${UPSTREAM:-http://127.0.0.1:9000}
ISSUER=${ISSUER:-https://idp.example.com}
AGENT=${AGENT:-story} PROVIDER=${PROVIDER:-story-idp}
API=$ADMIN/api/v1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 700 "$work"

# The token reaches curl by a file: what stands on a command line can be seen by everybody on the machine.
printf 'header = "Authorization: Bearer %s"\n' "$(tr -d '\r\n' <"$TOKEN_FILE")" >"$work/token"

say() { printf '\n== %s\n' "$*"; }
fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# ask WANTED METHOD PATH [curl options]: the body is in $work/body, the headers are in $work/head.
ask() {
    local wanted=$1 method=$2 path=$3 status
    shift 3
    status=$(curl -sS -K "$work/token" -X "$method" -o "$work/body" -D "$work/head" -w '%{http_code}' "$@" "$API$path")
    [ "$status" = "$wanted" ] || fail "$method $path: $status, not $wanted: $(cat "$work/body")"
    printf '   %s %s -> %s\n' "$method" "$path" "$status"
}
json() { ask "$1" "$2" "$3" -H 'Content-Type: application/json' --data-binary "$4" "${@:5}"; }
get() { jq -er "$1" "$work/body"; }
etag() { sed -n 's/^etag: *//Ip' "$work/head" | tr -d '\r\n'; }

say "Without the token nobody gets in"
status=$(curl -sS -o "$work/body" -w '%{http_code}' "$API/status")
[ "$status" = 401 ] || fail "without a token: $status, not 401"

say "Log in, as the console does, and out again"
jq -Rn '{token: input}' <"$TOKEN_FILE" >"$work/login"
status=$(curl -sS -o "$work/body" -w '%{http_code}' -c "$work/jar" -H 'Content-Type: application/json' \
    --data-binary "@$work/login" "$API/session")
rm -f "$work/login"
[ "$status" = 204 ] || fail "log in: $status, not 204"
who=$(curl -sS -b "$work/jar" "$API/session" | jq -r .by)
[ "$who" = session ] || fail "logged in as $who"
# A write with the cookie says which page it comes from.
status=$(curl -sS -o "$work/body" -w '%{http_code}' -b "$work/jar" -X DELETE -H "Origin: $ADMIN" "$API/session")
[ "$status" = 204 ] || fail "log out: $status, not 204"

say "What runs, and whether it can be changed"
ask 200 GET /status
get '"   version \(.version), \(.counts.agents) agents, writable: \(.store.writable)"'
get .store.writable >/dev/null || fail "$(jq -r .store.reason "$work/body")"
ask 200 GET "/revisions?limit=1"
start=$(get '.head | tostring')

say "Look at an identity provider before it is saved, then save it"
json 200 POST /identity-providers:probe "$(jq -n --arg issuer "$ISSUER" '{issuer: $issuer}')"
get '"   ok: \(.ok), keys: \(.keys | length), problems: \([.problems[].message] | join("; "))"'
json 201 PUT "/identity-providers/$PROVIDER" "$(jq -n --arg issuer "$ISSUER" '{issuer: $issuer}')" -H 'If-None-Match: *'

say "Deploy an agent that takes tokens of it: first a dry run with its diff, then for good"
spec=$(jq -n --arg upstream "$UPSTREAM" --arg path "/$AGENT" --arg idp "$PROVIDER" '{
    route: {path: $path, strip_path: true}, upstream: $upstream,
    auth: {oauth: {identity_providers: [$idp], audiences: ["story"]}}}')
json 201 PUT "/agents/$AGENT?dry_run=true" "$spec" -H 'If-None-Match: *'
get .diff
json 201 PUT "/agents/$AGENT" "$spec" -H 'If-None-Match: *'
tag=$(etag)
oauth=$(get '.revision | tostring')

say "A provider that does not exist is refused, with the place"
json 422 PUT "/agents/$AGENT" "$(jq '.auth.oauth.identity_providers = ["nobody"]' <<<"$spec")" -H "If-Match: $tag"
get '.diagnostics[] | select(.severity == "error") | "   \(.path): \(.message)"'

say "Why would a call without a token be refused?"
json 200 POST /explain "$(jq -n --arg agent "$AGENT" '{agent: $agent}')"
get '"   \(.decision), \(.reason): \(.checks[-1].fix)"'

say "Switch to API keys. Who has seen an older version does not write over this one"
ask 200 GET "/agents/$AGENT"
url=$(get .url)
json 200 PUT "/agents/$AGENT" "$(jq '.auth = {api_key: {}}' <<<"$spec")" -H "If-Match: $tag"
json 412 PUT "/agents/$AGENT" "$spec" -H "If-Match: $tag"
get '"   \(.code): \(.detail)"'

say "Create a key. It is shown this once"
json 201 POST /api-keys "$(jq -n --arg agent "$AGENT" '{agent: $agent, name: "story", expires_in: "1h"}')"
id=$(get .id) key=$(get .key) tag=$(etag)

# call KEY: the status of a call to the agent; 502 when nothing listens at the upstream, which is past the gate.
call() {
    printf 'header = "X-API-Key: %s"\n' "$1" >"$work/key"
    curl -sS -K "$work/key" -o /dev/null -w '%{http_code}' "$url/"
}
passes() {
    case $(call "$1") in 401 | 403 | 503) fail "$2: refused" ;; *) printf '   %s: passes\n' "$2" ;; esac
}
refused() {
    [ "$(call "$1")" = 401 ] || fail "$2: passes"
    printf '   %s: refused\n' "$2"
}

say "Use it, rotate it with an overlap, use both"
passes "$key" "the key"
json 201 POST "/api-keys/$id/rotate" '{"overlap": "10m"}' -H "If-Match: $tag"
new=$(get .key) new_id=$(get .id) new_tag=$(etag)
passes "$key" "the old key"
passes "$new" "the new key"

say "Revoke both: the next call is refused"
ask 200 POST "/api-keys/$id/revoke" -H 'If-Match: *'
refused "$key" "the old key"
ask 200 POST "/api-keys/$new_id/revoke" -H "If-Match: $new_tag"
refused "$new" "the new key"
ask 200 GET "/decisions?agent=$AGENT&reason=api_key_revoked&limit=1"
get '.items[0] | "   \(.at) \(.agent) \(.decision) \(.reason)"'

say "Roll the agent back to what it was before it took keys"
ask 200 GET "/revisions?limit=1"
json 200 POST "/revisions/$oauth/rollback" "{\"resource\": \"agents/$AGENT\"}" -H "If-Match: $(etag)"
ask 200 GET "/agents/$AGENT"
[ "$(get .authentication)" = oauth ] || fail "the agent is not what it was"

say "Tidy up: everything back to revision $start, and the keys went with their agent"
ask 200 DELETE "/agents/$AGENT" -H 'If-Match: *'
get '"   gone with it: \((.removed // []) | join(", "))"'
ask 200 DELETE "/identity-providers/$PROVIDER" -H 'If-Match: *'
ask 404 GET "/agents/$AGENT"

say "All steps did what they say"
