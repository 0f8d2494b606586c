"""Portcullis as users run it, and Pingora with nothing in it."""

from stage import free_port

ALGORITHMS = {"rs256": "RS256", "es256": "ES256", "eddsa": "EdDSA"}


class Bare:
    """benches/tools/src/bin/bare_proxy.rs."""

    def __init__(self, stage, name):
        plain, tls = free_port(), free_port()
        self.ports = {"http1": plain, "http2": tls}
        keys = stage.keys
        command = [stage.binaries / "bare_proxy", f"127.0.0.1:{plain}", f"127.0.0.1:{stage.agent}",
                   f"127.0.0.1:{tls}", keys / "server.pem", keys / "server.key"]
        self.process = stage.start(name, command, [plain, tls])

    def address(self, _service, _algorithm, protocol):
        return self.ports[protocol]


def oauth_agent(name, provider, upstream):
    return [
        f"  {name}:",
        f"    route: /{name}",
        f"    upstream: {upstream}",
        "    auth:",
        "      oauth:",
        f"        identity_providers: [{provider}]",
        '        audiences: ["urn:compare:agent"]',
        '        scopes: { any_of: ["load:read"] }',
        "        claim_headers: { sub: X-Caller-Sub }",
    ]


def configuration(stage, plain, tls, ops, server, keys_uri=None, further=0):
    """SERVER: more lines of its section. KEYS_URI: where the keys are, if not in a file. FURTHER: so many more agents."""
    keys, upstream = stage.keys, f"http://127.0.0.1:{stage.agent}"
    lines = [
        "version: 1",
        "server:",
        "  listeners:",
        f'    - address: "127.0.0.1:{plain}"',
        f'    - address: "127.0.0.1:{tls}"',
        f"      tls: {{ certificates: [{{ cert_file: {keys}/server.pem, key_file: {keys}/server.key }}] }}",
        f'  ops: {{ address: "127.0.0.1:{ops}" }}',
        "  access_log: stdout",
        *(f"  {line}" for line in server),
        "identity_providers:",
    ]
    for name, algorithm in ALGORITHMS.items():
        source = f'jwks_uri: "{keys_uri}/{name}.jwks.json"' if keys_uri else f"jwks_file: {keys}/{name}.jwks.json"
        lines.append(f'  {name}: {{ issuer: "urn:compare:{name}", {source}, algorithms: [{algorithm}] }}')
    lines += ["agents:", f'  public: {{ route: /public, upstream: "{upstream}", auth: public }}']
    for name in ALGORITHMS:
        lines += oauth_agent(name, name, upstream)
    for number in range(further):
        lines += oauth_agent(f"further-{number}", "rs256", upstream)
    return "\n".join(lines) + "\n"


class Portcullis:
    """Access log to standard output, metrics on, default limits; what is not said is left as it comes."""

    def __init__(self, stage, name, binary, server=("workers: 1",), **more):
        plain, tls, ops = free_port(), free_port(), free_port()
        self.ports = {"http1": plain, "http2": tls}
        config = stage.write(f"{name}.yaml", configuration(stage, plain, tls, ops, server, **more))
        self.binary = binary
        self.process = stage.start(name, [binary, "run", "-c", config], [plain, tls])

    def address(self, _service, _algorithm, protocol):
        return self.ports[protocol]
