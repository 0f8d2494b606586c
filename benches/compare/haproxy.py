"""HAProxy: forwarding alone, and jwt_verify with the checks around it that make it the same work.

It keeps no verified tokens. Each service has a frontend of its own, so that no request pays for the choice. Log lines
go to standard output, one thread.
"""

from stage import free_port

SERVICES = [("public", "rs256"), ("check", "rs256"), ("check", "es256")]
VERIFY = """
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.iss) var(txn.token),jwt_payload_query('$.iss')
  http-request set-var(txn.aud) var(txn.token),jwt_payload_query('$.aud')
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.scope) var(txn.token),jwt_payload_query('$.scope')
  http-request set-var(txn.sub) var(txn.token),jwt_payload_query('$.sub')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str {algorithm} }}
  http-request deny deny_status 401 unless {{ var(txn.iss) -m str urn:compare:{name} }}
  http-request deny deny_status 401 unless {{ var(txn.aud) -m str urn:compare:agent }}
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt -30 }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify(txn.alg,"{keys}/{name}.pem") -m int 1 }}
  http-request deny deny_status 403 unless {{ var(txn.scope) -m sub load:read }}
  http-request del-header Authorization
  http-request set-header X-Caller-Sub %[var(txn.sub)]"""


class HAProxy:
    """One process with a frontend for each service."""

    def __init__(self, stage, name, binary):
        self.ports = {(*pair, protocol): free_port() for pair in SERVICES for protocol in ("http1", "http2")}
        pair = stage.folder / "haproxy-certificate.pem"
        pair.write_text((stage.keys / "server.pem").read_text() + (stage.keys / "server.key").read_text())
        parts = [f"""
global
  nbthread 1
  maxconn 4096
  log stdout format raw daemon
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  http-reuse always
backend agent
  server agent 127.0.0.1:{stage.agent} pool-max-conn 256 pool-purge-delay 1h"""]
        for (service, algorithm, protocol), port in self.ports.items():
            tls = f" ssl crt {pair} alpn h2" if protocol == "http2" else ""
            parts.append(f"frontend {service}-{algorithm}-{protocol}\n  bind 127.0.0.1:{port}{tls}")
            if service == "check":
                parts.append(VERIFY.format(name=algorithm, algorithm=algorithm.upper(), keys=stage.keys))
            parts.append("  default_backend agent")
        path = stage.write(f"{name}.cfg", "\n".join(parts) + "\n")
        self.binary = binary
        self.process = stage.start(name, [binary, "-db", "-f", path], list(self.ports.values()))

    def address(self, service, algorithm, protocol):
        return self.ports[service, algorithm, protocol]
