"""Both decisions on 200 tokens: that of Envoy with its `jwt_authn`, and that of the gateway with what `portcullis import`
makes of Envoy's configuration. Where they differ, the import must have said so.

    tests/import/agree.py PORTCULLIS ENVOY

Needs PyJWT with cryptography.
"""

import base64
import collections
import http.client
import http.server
import itertools
import json
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

TOKENS = 200
NOW = int(time.time())
PATHS = ["/one/x", "/both/x", "/named/x", "/narrow/x", "/narrow/other", "/open/x", "/else"]
ISSUERS = {"one": "https://one.example", "two": "https://two.example", "other": "https://other.example", "none": None}
AUDIENCES = [["api://one"], "api://two", ["x", "api://two"], "api://other", None]
TIMES = [
    {"exp": NOW + 3600},
    {"exp": NOW + 3600, "nbf": NOW - 60},
    {"exp": NOW + 3600, "nbf": NOW + 600},
    {"exp": NOW - 600},
    {"exp": NOW - 10},
    {},
]
FILTERS = "type.googleapis.com/envoy.extensions.filters.http"
JWT = f"{FILTERS}.jwt_authn.v3"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def jwks(key, kid, algorithm):
    made = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}[algorithm].to_jwk(key.public_key())
    return {"keys": [{**json.loads(made), "kid": kid, "alg": algorithm, "use": "sig"}]}


def tokens(keys, foreign):
    """Two hundred of them, the same in every run but for the keys and the time."""
    everything = list(itertools.product(ISSUERS, ["one", "two", "foreign"], AUDIENCES, TIMES))
    chosen = random.Random(16).sample(everything, TOKENS - 8)
    # So that some are good: one in four of them is only by chance.
    for at in range(0, len(chosen), 4):
        issuer, _, _, times = chosen[at]
        issuer = "one" if at % 8 else "two"
        chosen[at] = (issuer, issuer, AUDIENCES[0] if at % 8 else AUDIENCES[2], times if at % 16 else TIMES[0])
    for issuer, key, audience, times in chosen:
        claims = {"sub": "caller", "iss": ISSUERS[issuer], "aud": audience, **times}
        claims = {name: value for name, value in claims.items() if value is not None}
        of = keys["one"] if key == "foreign" else keys[key]
        secret = foreign if key == "foreign" else of["key"]
        name = f"iss {issuer}, key {key}, aud {audience}, {sorted(times)}"
        yield name, jwt.encode(claims, secret, of["algorithm"], {"kid": of["kid"]})
    good = {"sub": "caller", "iss": ISSUERS["one"], "aud": "api://one", "exp": NOW + 3600}
    signed = jwt.encode(good, keys["one"]["key"], "RS256", {"kid": "one"})
    head, body, signature = signed.split(".")
    shared = base64.b64encode(b"a shared key of thirty-two bytes").decode()
    encoded = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    yield "good", signed
    yield "no kid", jwt.encode(good, keys["one"]["key"], "RS256")
    yield "alg none", f"{encoded({'alg': 'none', 'kid': 'one'})}.{body}."
    yield "HS256", jwt.encode(good, shared, "HS256", {"kid": "one"})
    yield "another body", f"{head}.{encoded({**good, 'sub': 'other'})}.{signature}"
    yield "no signature", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    yield "no token", "x"


def configuration(folder, port, agent):
    provider = lambda name, audiences: {
        "issuer": ISSUERS[name], "audiences": audiences, "require_expiration": True, "clock_skew_seconds": 60,
        "local_jwks": {"filename": str(folder / f"{name}.json")}, "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
    }
    own = lambda config: {"envoy.filters.http.jwt_authn": {"@type": f"{JWT}.PerRouteConfig", **config}}
    route = lambda prefix, **rest: {"match": {"path_separated_prefix": prefix}, "route": {"cluster": "agent"}, **rest}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "agree",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            route("/one"), route("/both"), route("/narrow"),
            route("/named", typed_per_filter_config=own({"requirement_name": "two"})),
            route("/open", typed_per_filter_config=own({"disabled": True})),
        ]}]},
        "http_filters": [
            {"name": "envoy.filters.http.jwt_authn", "typed_config": {
                "@type": f"{JWT}.JwtAuthentication",
                "providers": {"one": provider("one", ["api://one"]), "two": provider("two", ["api://two"])},
                "requirement_map": {"two": {"provider_name": "two"}},
                "rules": [
                    {"match": {"path_separated_prefix": "/both"},
                     "requires": {"requires_any": {"requirements": [{"provider_name": "one"}, {"provider_name": "two"}]}}},
                    {"match": {"path_separated_prefix": "/narrow/x"}, "requires": {"provider_name": "two"}},
                    {"match": {"prefix": "/"}, "requires": {"provider_name": "one"}},
                ]}},
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{FILTERS}.router.v3.Router"}},
        ],
    }
    socket_address = lambda port: {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {"static_resources": {
        "listeners": [{"name": "l", "address": socket_address(port), "filter_chains": [{"filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}],
        "clusters": [{"name": "agent", "type": "STATIC", "load_assignment": {"cluster_name": "agent", "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": socket_address(agent)}}]}]}}],
    }}


class Agent(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def ask(port, path, token):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return connection.getresponse().status
    finally:
        connection.close()


def ready(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return ask(port, "/open/x", None)
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing listens at {port}")


def imported(portcullis, folder, source, port):
    run = subprocess.run([portcullis, "import", "--from", "envoy", source], capture_output=True, text=True, check=False)
    # One provider's audiences count for the other's tokens where either will do: the one thing that weakens here.
    weak = [line.split(": weak: ")[1] for line in run.stderr.splitlines() if ": weak: " in line]
    assert weak == ["the audiences of one provider count for tokens of the other, too"], weak
    assert run.returncode == 1, run.returncode
    text = run.stdout.replace(f"127.0.0.1:{port}", f"127.0.0.1:{(here := free_port())}")
    text = text.replace("server:\n", f"server:\n  ops: {{ address: 127.0.0.1:{free_port()} }}\n", 1)
    (folder / "portcullis.yaml").write_text(text)
    return here


def main(portcullis, envoy):
    folder = pathlib.Path(tempfile.mkdtemp())
    keys = {
        "one": {"key": rsa.generate_private_key(65537, 2048), "algorithm": "RS256", "kid": "one"},
        "two": {"key": ec.generate_private_key(ec.SECP256R1()), "algorithm": "ES256", "kid": "two"},
    }
    for name, of in keys.items():
        (folder / f"{name}.json").write_text(json.dumps(jwks(of["key"], of["kid"], of["algorithm"])))
    agent = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=agent.serve_forever, daemon=True).start()
    port = free_port()
    source = folder / "envoy.json"
    source.write_text(json.dumps(configuration(folder, port, agent.server_address[1]), indent=1))
    here = imported(portcullis, folder, source, port)
    with open(folder / "log", "w") as log:
        processes = [
            subprocess.Popen([envoy, "-c", source, "--base-id", str(random.randrange(1 << 20)), "-l", "error"], stdout=log, stderr=log),
            subprocess.Popen([portcullis, "run", "-c", folder / "portcullis.yaml"], stdout=log, stderr=log),
        ]
        try:
            ready(port), ready(here)
            agree(port, here, list(tokens(keys, rsa.generate_private_key(65537, 2048))))
        finally:
            for process in processes:
                process.terminate()
            print((folder / "log").read_text()[-2000:] if any(p.poll() for p in processes) else "")


def agree(there, here, made):
    assert len(made) == TOKENS
    found = collections.Counter()
    faults = []
    for (name, token), path in itertools.product([*made, ("no token at all", None)], PATHS):
        theirs, ours = ask(there, path, token), ask(here, path, token)
        passes = (theirs == 200, ours == 200)
        is_told = path == "/both/x" and passes == (False, True)
        found[(*passes, is_told)] += 1
        if passes[0] != passes[1] and not is_told:
            faults.append(f"{'looser' if passes[1] else 'stricter'}: {path}, {name}: Envoy {theirs}, here {ours}")
    print("\n".join(faults))
    word = lambda passes: "passes" if passes else "is refused"
    for (theirs, ours, is_told), count in sorted(found.items()):
        print(f"{count:5} {word(theirs)} at Envoy, {word(ours)} here{', as the import tells' if is_told else ''}")
    sys.exit(1 if faults else 0)


main(*sys.argv[1:3])
