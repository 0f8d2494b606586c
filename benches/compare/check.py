"""Whether a gateway answers right. One that does not is struck out and named, and never timed."""

import base64
import http.client


def ask(port, path, token):
    """Status of one plain HTTP/1.1 request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", f"{path}?n={1:016x}", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def unsigned(token):
    """The claims of a good token under `alg: none`."""
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def cases(stage, algorithm):
    """Name, token, what may be answered. Envoy says 403 to a token for somebody else, which is a refusal as well."""
    read = lambda what: (stage.keys / f"{algorithm}.{what}").read_text().split("\n", 1)[0]
    good = read("tokens")
    other = "es256" if algorithm == "rs256" else "rs256"
    foreign = (stage.keys / f"{other}.tokens").read_text().split("\n", 1)[0]
    yield "a good token", good, [200]
    yield "the same again", good, [200]
    yield "a bad signature", read("bad_signature"), [401]
    yield "the same again", read("bad_signature"), [401]
    yield "a wrong audience", read("wrong_audience"), [401, 403]
    yield "an expired token", read("expired"), [401]
    yield "no token", None, [401]
    yield "alg none", unsigned(good), [401]
    yield "another issuer", foreign, [401]


def findings(stage, row, port):
    """What is wrong with what this row's gateway does; empty when it is right."""
    wrong = []
    stage.load.ask(do="agent", body=row.body)
    known = cases(stage, row.algorithm) if row.checked else [("a request", "x.y.z", [200])]
    for name, token, wanted in known:
        try:
            status, body = ask(port, row.path, token)
        except OSError as error:
            wrong.append(f"{name}: {error}")
            continue
        seen = stage.load.ask(do="agent", body=row.body)
        if status not in wanted:
            wrong.append(f"{name}: {status}, not {' or '.join(map(str, wanted))}")
        elif status == 200:
            if body != f"{1:016x}".encode().ljust(row.body, b"x"):
                wrong.append(f"{name}: another body")
            head = seen["last"].lower()
            if row.checked and ("\r\nx-caller-sub: caller-0\r\n" not in head or "\r\nauthorization:" in head):
                wrong.append(f"{name}: the agent got another subject, or the token")
        elif seen["bytes"]:
            wrong.append(f"{name}: {seen['bytes']} bytes of it reached the agent")
    return wrong
