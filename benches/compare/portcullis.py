"""Portcullis as users run it, and Pingora with nothing in it."""

from stage import free_port

ALGORITHMS = {"rs256": "RS256", "es256": "ES256", "eddsa": "EdDSA"}


class Bare:
    """examples/bare_proxy.rs."""

    def __init__(self, stage, name):
        plain, tls = free_port(), free_port()
        self.ports = {"http1": plain, "http2": tls}
        keys = stage.keys
        command = [stage.binaries / "examples/bare_proxy", f"127.0.0.1:{plain}", f"127.0.0.1:{stage.agent}",
                   f"127.0.0.1:{tls}", keys / "server.pem", keys / "server.key"]
        self.process = stage.start(name, command, [plain, tls])

    def address(self, _service, _algorithm, protocol):
        return self.ports[protocol]


def configuration(stage, plain, tls, ops, entries):
    keys, agent = stage.keys, f"http://127.0.0.1:{stage.agent}"
    lines = [
        "version: 1",
        "server:",
        "  listeners:",
        f'    - address: "127.0.0.1:{plain}"',
        f'    - address: "127.0.0.1:{tls}"',
        f"      tls: {{ certificates: [{{ cert_file: {keys}/server.pem, key_file: {keys}/server.key }}] }}",
        f'  ops: {{ address: "127.0.0.1:{ops}" }}',
        "  workers: 1",
        "  access_log: stdout",
    ]
    if entries is not None:
        lines.append(f"  token_cache: {{ entries: {entries} }}")
    lines.append("identity_providers:")
    for name, algorithm in ALGORITHMS.items():
        lines.append(f'  {name}: {{ issuer: "urn:compare:{name}", jwks_file: {keys}/{name}.jwks.json, '
                     f"algorithms: [{algorithm}] }}")
    lines += ["agents:", f'  public: {{ route: /public, upstream: "{agent}", auth: public }}']
    for name in ALGORITHMS:
        lines += [
            f"  {name}:",
            f"    route: /{name}",
            f"    upstream: {agent}",
            "    auth:",
            "      oauth:",
            f"        identity_providers: [{name}]",
            '        audiences: ["urn:compare:agent"]',
            '        scopes: { any_of: ["load:read"] }',
            "        claim_headers: { sub: X-Caller-Sub }",
        ]
    return "\n".join(lines) + "\n"


class Portcullis:
    """Access log to standard output, metrics on, default limits; one worker. ENTRIES None leaves the cache as it comes."""

    def __init__(self, stage, name, binary, entries):
        plain, tls, ops = free_port(), free_port(), free_port()
        self.ports = {"http1": plain, "http2": tls}
        config = stage.write(f"{name}.yaml", configuration(stage, plain, tls, ops, entries))
        self.process = stage.start(name, [binary, "run", "-c", config], [plain, tls])

    def address(self, _service, _algorithm, protocol):
        return self.ports[protocol]
