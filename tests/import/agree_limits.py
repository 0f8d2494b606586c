"""Both decisions about limits and about pages of other origins: that of Traefik and of Envoy, and that of the gateway with what
`portcullis import` makes of their configuration. It may let in no more; where it lets in less, the import must have said so.

    tests/import/agree_limits.py PORTCULLIS ENVOY TRAEFIK
"""

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

ASKED = 12
ORIGINS = [
    "https://app.example.com", "http://app.example.com", "https://app.example.com:444", "https://one.apps.example.com",
    "https://two.one.apps.example.com", "https://apps.example.com", "https://evilapps.example.com", "https://left.example.net",
    "https://one.apps.example.com.evil.example", "null",
]
METHODS = ["GET", "POST", "PUT", "DELETE"]
HEADERS = [None, "authorization", "content-type", "x-page"]
# What the import leaves out, and says so.
LEFT_OUT = "https://left.example.net"

TRAEFIK = """
[http.routers]
free = { rule = "PathPrefix(`/free/`)", service = "agent" }
limited = { rule = "PathPrefix(`/limited/`)", service = "agent", middlewares = ["slow"] }
pages = { rule = "PathPrefix(`/pages/`)", service = "agent", middlewares = ["pages"] }
every = { rule = "PathPrefix(`/every/`)", service = "agent", middlewares = ["every"] }

[http.middlewares.slow.rateLimit]
average = 1
period = "1h"
burst = 5

[http.middlewares.pages.headers]
accessControlAllowOriginList = ["https://app.example.com"]
accessControlAllowOriginListRegex = ['^https://.*\\.apps\\.example\\.com$', '^https://(left|right)\\.example\\.net$']
accessControlAllowMethods = ["GET", "PUT"]
accessControlAllowHeaders = ["Authorization"]
accessControlAllowCredentials = true

[http.middlewares.every.headers]
accessControlAllowOriginList = ["*"]
accessControlAllowMethods = ["GET", "DELETE"]
accessControlAllowHeaders = ["*"]

[[http.services.agent.loadBalancer.servers]]
url = "http://127.0.0.1:AGENT"
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def envoy(port, agent):
    filters = "type.googleapis.com/envoy.extensions.filters.http"
    route = lambda prefix, **own: {
        "match": {"path_separated_prefix": prefix}, "route": {"cluster": "agent"},
        "typed_per_filter_config": {
            f"envoy.filters.http.{name}": config for name, config in own.items()
        },
    }
    cors = lambda **policy: {"@type": f"{filters}.cors.v3.CorsPolicy", **policy}
    always = {"default_value": {"numerator": 100}}
    bucket = {
        "@type": f"{filters}.local_ratelimit.v3.LocalRateLimit", "stat_prefix": "slow",
        "token_bucket": {"max_tokens": 5, "tokens_per_fill": 1, "fill_interval": "3600s"},
        "filter_enabled": always, "filter_enforced": always,
    }
    pages = cors(
        allow_origin_string_match=[
            {"exact": "https://app.example.com"},
            {"safe_regex": {"regex": r"https://.*\.apps\.example\.com"}},
            {"safe_regex": {"regex": r"https://(left|right)\.example\.net"}},
        ],
        allow_methods="GET, PUT", allow_headers="authorization", allow_credentials=True, max_age="600",
    )
    every = cors(allow_origin_string_match=[{"exact": "*"}], allow_methods="GET, DELETE", allow_headers="*")
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "agree",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            route("/free"), route("/limited", local_ratelimit=bucket), route("/pages", cors=pages), route("/every", cors=every),
        ]}]},
        "http_filters": [
            {"name": "envoy.filters.http.cors", "typed_config": {"@type": f"{filters}.cors.v3.Cors"}},
            {"name": "envoy.filters.http.local_ratelimit", "typed_config": {
                "@type": f"{filters}.local_ratelimit.v3.LocalRateLimit", "stat_prefix": "all"}},
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{filters}.router.v3.Router"}},
        ],
    }
    address = lambda port: {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {"static_resources": {
        "listeners": [{"name": "l", "address": address(port), "filter_chains": [{"filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}],
        "clusters": [{"name": "agent", "type": "STATIC", "load_assignment": {"cluster_name": "agent", "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": address(agent)}}]}]}}],
    }}


class Agent(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_OPTIONS = do_GET

    def log_message(self, *_):
        pass


def ask(port, method, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def ready(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if ask(port, "GET", "/free/x", {})[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens at {port}")


def may(port, path, origin, method, header, credentials):
    """Whether a browser lets a page do this (Fetch Standard, sections 3.2 and 4.8)."""
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if header:
        headers["Access-Control-Request-Headers"] = header
    status, said = ask(port, "OPTIONS", path, headers)
    listed = lambda name: {word.strip().lower() for word in said.get(name, "").split(",") if word.strip()}
    allowed = said.get("access-control-allow-origin")
    is_open = allowed == origin or (allowed == "*" and not credentials)
    if credentials and said.get("access-control-allow-credentials") != "true":
        is_open = False
    methods, fields = listed("access-control-allow-methods"), listed("access-control-allow-headers")
    any_of = lambda names: "*" in names and not credentials
    is_method = method in ("GET", "HEAD", "POST") or method.lower() in methods or any_of(methods)
    is_header = header is None or header in fields or (any_of(fields) and header != "authorization")
    return 200 <= status < 300 and is_open and is_method and is_header


def imported(portcullis, folder, product, source, port):
    run = subprocess.run([portcullis, "import", "--from", product, source], capture_output=True, text=True, check=False)
    weak = {line.split(": weak: ")[1] for line in run.stderr.splitlines() if ": weak: " in line}
    known = {"nothing asks for a credential here, so the agent is public", "the path without the slash at its end is meant, too"}
    assert run.returncode == 1 and weak <= known, (run.returncode, weak)
    assert "cannot: a regular expression" in run.stderr, run.stderr
    here = free_port()
    text = run.stdout.replace(f"127.0.0.1:{port}", f"127.0.0.1:{here}")
    server = f"server:\n  ops: {{ address: 127.0.0.1:{free_port()} }}\n"
    if "server:\n" in text:
        text = text.replace("server:\n", server, 1)
    else:
        text += f"{server}  listeners: [{{ address: 127.0.0.1:{here} }}]\n"
    path = folder / f"{product}.portcullis.yaml"
    path.write_text(text)
    return here, [portcullis, "run", "-c", path]


def agree(name, there, here, faults):
    passed = [sum(ask(port, "GET", "/limited/x", {})[0] == 200 for _ in range(ASKED)) for port in (there, here)]
    print(f"{name}: of {ASKED} requests {passed[0]} pass there, {passed[1]} here")
    if passed[0] != passed[1]:
        faults.append(f"{name}: the limit lets in {passed[1]} instead of {passed[0]}")
    found = collections.Counter()
    for what in itertools.product(["/pages/x", "/every/x"], ORIGINS, METHODS, HEADERS, [False, True]):
        both = (may(there, *what), may(here, *what))
        is_told = both == (True, False) and what[1] == LEFT_OUT
        found[(*both, is_told)] += 1
        if both[0] != both[1] and not is_told:
            faults.append(f"{name}: {'looser' if both[1] else 'stricter'}: {what}")
    word = lambda allowed: "may" if allowed else "may not"
    for (theirs, ours, is_told), count in sorted(found.items()):
        print(f"{name}: {count:4} pages {word(theirs)} there, {word(ours)} here{', as the import tells' if is_told else ''}")
    assert found[(True, True, False)] and found[(False, False, False)] and found[(True, False, True)], found


def main(portcullis, envoy_program, traefik_program):
    folder = pathlib.Path(tempfile.mkdtemp())
    agent = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=agent.serve_forever, daemon=True).start()
    agent = agent.server_address[1]
    of_envoy, of_traefik = free_port(), free_port()
    (folder / "envoy.json").write_text(json.dumps(envoy(of_envoy, agent), indent=1))
    (folder / "dynamic.toml").write_text(TRAEFIK.replace("AGENT", str(agent)))
    (folder / "traefik.yaml").write_text(json.dumps({
        "entryPoints": {"web": {"address": f"127.0.0.1:{of_traefik}"}},
        "providers": {"file": {"filename": str(folder / "dynamic.toml")}},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False}, "log": {"level": "ERROR"},
    }))
    beside_envoy, gateway_of_envoy = imported(portcullis, folder, "envoy", folder / "envoy.json", of_envoy)
    beside_traefik, gateway_of_traefik = imported(portcullis, folder, "traefik", folder / "dynamic.toml", of_traefik)
    faults = []
    with open(folder / "log", "w") as log:
        commands = [
            [envoy_program, "-c", folder / "envoy.json", "--base-id", str(random.randrange(1 << 20)), "-l", "error"],
            [traefik_program, f"--configFile={folder / 'traefik.yaml'}"],
            gateway_of_envoy, gateway_of_traefik,
        ]
        processes = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
        try:
            for port in (of_envoy, of_traefik, beside_envoy, beside_traefik):
                ready(port)
            agree("Envoy", of_envoy, beside_envoy, faults)
            agree("Traefik", of_traefik, beside_traefik, faults)
        finally:
            for process in processes:
                process.terminate()
            print((folder / "log").read_text()[-2000:] if any(p.poll() for p in processes) else "")
    print("\n".join(faults[:40]))
    sys.exit(1 if faults else 0)


main(*sys.argv[1:4])
