"""Envoy: its router alone, jwt_authn, and jwt_authn with its token cache.

It does less than Portcullis: jwt_authn knows no scopes. Each service has a listener of its own, so that no request pays
for the choice. Access log to a file, one worker.
"""

import json

from stage import free_port

CACHED = 20_000
SERVICES = [("public", "rs256")] + [
    (service, algorithm) for service in ("check", "cache") for algorithm in ("rs256", "es256", "eddsa")
]
TYPES = "type.googleapis.com/envoy.extensions"


def jwt_authn(stage, service, algorithm):
    provider = {
        "issuer": f"urn:compare:{algorithm}",
        "audiences": ["urn:compare:agent"],
        "local_jwks": {"filename": str(stage.keys / f"{algorithm}.jwks.json")},
        "forward": False,
        "clock_skew_seconds": 30,
        "claim_to_headers": [{"header_name": "X-Caller-Sub", "claim_name": "sub"}],
    }
    if service == "cache":
        provider["jwt_cache_config"] = {"jwt_cache_size": CACHED}
    return {
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": f"{TYPES}.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"compare": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "compare"}}],
        },
    }


def listener(stage, service, algorithm, protocol, port):
    filters = [] if service == "public" else [jwt_authn(stage, service, algorithm)]
    filters.append({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"},
    })
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "compare",
        "http_filters": filters,
        "route_config": {"virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "agent"}}],
        }]},
        "access_log": [{
            "name": "envoy.access_loggers.file",
            "typed_config": {"@type": f"{TYPES}.access_loggers.file.v3.FileAccessLog", "path": "/dev/null"},
        }],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    if protocol == "http2":
        pair = {"certificate_chain": {"filename": str(stage.keys / "server.pem")},
                "private_key": {"filename": str(stage.keys / "server.key")}}
        chain["transport_socket"] = {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"{TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
                "common_tls_context": {"alpn_protocols": ["h2"], "tls_certificates": [pair]},
            },
        }
    return {
        "name": f"{service}-{algorithm}-{protocol}",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [chain],
    }


class Envoy:
    """One process with a listener for each service."""

    def __init__(self, stage, name, binary):
        self.ports = {(*pair, protocol): free_port() for pair in SERVICES for protocol in ("http1", "http2")}
        endpoint = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": stage.agent}}}}
        config = {"static_resources": {
            "listeners": [listener(stage, *what, port) for what, port in self.ports.items()],
            "clusters": [{
                "name": "agent", "type": "STATIC",
                "load_assignment": {"cluster_name": "agent", "endpoints": [{"lb_endpoints": [endpoint]}]},
            }],
        }}
        path = stage.write(f"{name}.json", json.dumps(config, indent=1))
        command = [binary, "-c", path, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
        self.binary = binary
        self.process = stage.start(name, command, list(self.ports.values()))

    def address(self, service, algorithm, protocol):
        return self.ports[service, algorithm, protocol]
