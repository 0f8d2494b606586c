"""What is measured, as data: one row for each set-up, and which row it is compared with."""

import dataclasses

SMALL, LARGE = 100, 100 * 1024


@dataclasses.dataclass
class Row:
    key: str
    label: str
    peer: str
    service: str = "public"
    credentials: str = "one"
    algorithm: str = "rs256"
    protocol: str = "http1"
    body: int = SMALL

    @property
    def group(self):
        """Rows of a group answer the same requests, but for the credentials."""
        return f"{'h1' if self.protocol == 'http1' else 'h2'}-{'small' if self.body == SMALL else 'large'}"

    @property
    def base(self):
        """The bare proxy under the same load."""
        return f"{self.group}/bare"

    @property
    def checked(self):
        return self.service != "public"

    @property
    def path(self):
        return f"/{self.algorithm}" if self.checked else "/public"


def rows_of(group, protocol, body, label=""):
    """The same five for each group beyond the first."""
    shared = {"protocol": protocol, "body": body}
    return [
        Row(f"{group}/bare", f"bare Pingora{label}", "bare", **shared),
        Row(f"{group}/public", f"Portcullis, public agent{label}", "portcullis", **shared),
        Row(f"{group}/warm", f"Portcullis, one warm token{label}", "portcullis", "check", **shared),
        Row(f"{group}/nginx", f"nginx, no check{label}", "nginx", **shared),
        Row(f"{group}/haproxy-public", f"HAProxy, no check{label}", "haproxy", **shared),
        Row(f"{group}/haproxy", f"HAProxy jwt_verify{label}", "haproxy", "check", **shared),
        Row(f"{group}/envoy-public", f"Envoy, no check{label}", "envoy", **shared),
        Row(f"{group}/envoy-cache", f"Envoy jwt_authn, its cache on{label}", "envoy", "cache", **shared),
    ]


ROWS = rows_of("h1-small", "http1", SMALL) + [
    Row("h1-small/turn", "Portcullis, 10,000 tokens in turn", "portcullis", "check", "turn"),
    Row("h1-small/cold", "Portcullis, every token new", "portcullis-cold", "check", "turn"),
    Row("h1-small/bad", "Portcullis, bad signatures, all distinct", "portcullis", "check", "bad_new"),
    Row("h1-small/bad-one", "Portcullis, one bad token repeated", "portcullis", "check", "bad_one"),
    Row("h1-small/mixed", "Portcullis, half of it bad signatures", "portcullis", "check", "mixed"),
    Row("h1-small/envoy", "Envoy jwt_authn, no cache", "envoy", "check"),
    Row("h1-small/envoy-cold", "Envoy jwt_authn, no cache, 10,000 tokens", "envoy", "check", "turn"),
    Row("h1-small/envoy-turn", "Envoy jwt_authn, its cache on, 10,000 tokens", "envoy", "cache", "turn"),
    Row("h1-small/haproxy-cold", "HAProxy jwt_verify, 10,000 tokens", "haproxy", "check", "turn"),
    Row("h1-small/nginx-lua", "nginx with Lua and a token cache", "nginx-lua", "cache"),
]
for name, title in (("es256", "ES256"), ("eddsa", "EdDSA")):
    ROWS += [
        Row(f"h1-small/warm-{name}", f"Portcullis, one warm token, {title}", "portcullis", "check", "one", name),
        Row(f"h1-small/cold-{name}", f"Portcullis, every token new, {title}", "portcullis-cold", "check", "turn", name),
        Row(f"h1-small/envoy-{name}", f"Envoy jwt_authn, no cache, {title}", "envoy", "check", "one", name),
        Row(f"h1-small/envoy-cache-{name}", f"Envoy jwt_authn, its cache on, {title}", "envoy", "cache", "one", name),
    ]
    # HAProxy 2.6 knows no EdDSA.
    if name == "es256":
        ROWS.append(Row("h1-small/haproxy-es256", "HAProxy jwt_verify, ES256", "haproxy", "check", "turn", name))
ROWS += rows_of("h1-large", "http1", LARGE, ", 100 KB")
ROWS += rows_of("h2-small", "http2", SMALL, ", HTTP/2")


@dataclasses.dataclass
class Target:
    """What is divided by what, in CPU time a request unless said, and how much it may be: on quiet cores, and where the
    caches are shared with others."""

    label: str
    over: str
    under: str
    quiet: float
    shared: float
    figure: str = "cpu"


TARGETS = [
    Target("public agent / bare", "h1-small/public", "h1-small/bare", 1.08, 1.15),
    Target("warm checked request / own public agent", "h1-small/warm", "h1-small/public", 1.02, 1.02),
    Target("warm, 10,000 tokens in turn / bare", "h1-small/turn", "h1-small/bare", 1.15, 1.22),
    Target("HTTP/2 over TLS, warm / bare", "h2-small/warm", "h2-small/bare", 1.10, 1.18),
    Target("100 KB answers, warm / bare", "h1-large/warm", "h1-large/bare", 1.02, 1.05),
    Target("warm / Envoy jwt_authn with its cache", "h1-small/warm", "h1-small/envoy-cache", 0.50, 0.45),
    Target("warm / HAProxy jwt_verify", "h1-small/warm", "h1-small/haproxy", 0.58, 0.75),
    Target("one bad signature repeated / bare", "h1-small/bad-one", "h1-small/bare", 0.50, 0.50),
    Target("only bad signatures, all distinct / bare", "h1-small/bad", "h1-small/bare", 0.80, 0.80),
    Target("cold / Envoy jwt_authn without", "h1-small/cold", "h1-small/envoy-cold", 0.40, 0.40),
    Target("cold / HAProxy jwt_verify", "h1-small/cold", "h1-small/haproxy-cold", 1.10, 1.10),
    Target("p99 of good requests, half of the load bad / none", "h1-small/mixed", "h1-small/warm", 2, 2, "p99"),
]

# Row of tokens that are all new, and its algorithm: it may cost what a bare proxy does, the signature, and a little beside it.
NEW_TOKENS = [("h1-small/cold", "rs256"), ("h1-small/cold-es256", "es256"), ("h1-small/cold-eddsa", "eddsa")]


def most_for_new(signature):
    """Microseconds beyond a bare proxy."""
    return 1.05 * signature + 2
