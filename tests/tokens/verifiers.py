"""Verifies tokens with another library: one line in, one line out.

    verifiers.py pyjwt|joserfc

The first line is the policy in JSON: {now, leeway, audiences, algorithms, providers: {issuer: [JWK, ...]}}. Every other
line is a token. The answer says whether the library accepts it, or why not, and what is unusual about the token: facts
that are found here by means of their own, so that a disagreement can be explained.

The library does everything but choosing the key: that is by `iss` and `kid`, as RFC 8725 section 3.8 asks.
"""

import base64
import json
import math
import re
import sys
import warnings

warnings.simplefilter("ignore")


class Refused(Exception):
    pass


def keys_for(policy, issuer, header):
    """The keys that may have signed: of this issuer, of this kid, for this algorithm."""
    if not isinstance(issuer, str) or issuer not in policy["providers"]:
        raise Refused("issuer")
    alg = header.get("alg")
    kinds = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
    curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
    found = []
    for key in policy["providers"][issuer]:
        if not isinstance(alg, str) or kinds.get(alg[:2]) != key["kty"]:
            continue
        if key["kty"] == "EC" and curves.get(alg) != key["crv"]:
            continue
        if "alg" in key and key["alg"] != alg:
            continue
        if "kid" in header and header["kid"] != key.get("kid"):
            continue
        found.append(key)
    if not found:
        raise Refused("key")
    return found


def first_that_accepts(keys, attempt):
    error = Refused("key")
    for key in keys:
        try:
            return attempt(key)
        except Exception as e:
            error = e
    raise error


def without_nulls(claims):
    """A null member counts as absent where RFC 7519 leaves it optional, as many issuers write what they do not know."""
    return {name: value for name, value in claims.items() if value is not None or name in ("iss", "exp")}


def pyjwt(policy):
    import jwt
    import jwt.api_jwt
    from datetime import datetime
    from jwt.algorithms import OKPAlgorithm

    class Fixed(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(policy["now"], tz)

    class Verifier(jwt.PyJWT):
        def _decode_payload(self, decoded):
            return without_nulls(super()._decode_payload(decoded))

    jwt.api_jwt.datetime = Fixed
    verifier = Verifier()
    # RFC 9864 has another name for the same algorithm, which this library does not know.
    jwt.register_algorithm("Ed25519", OKPAlgorithm())
    made = {}

    def key_of(key, alg):
        return OKPAlgorithm.from_jwk(key) if alg == "Ed25519" else jwt.PyJWK(key, algorithm=alg)

    def verify(token):
        header = jwt.get_unverified_header(token)
        payload = jwt.decode(token, options={"verify_signature": False, "verify_exp": False, "verify_nbf": False,
                                             "verify_iat": False, "verify_aud": False, "verify_iss": False,
                                             "verify_sub": False, "verify_jti": False})
        issuer = payload.get("iss")

        def attempt(key):
            alg = header["alg"]
            at = (issuer, json.dumps(key, sort_keys=True), alg)
            if at not in made:
                made[at] = key_of(key, alg)
            verifier.decode(token, made[at], algorithms=policy["algorithms"], audience=policy["audiences"], issuer=issuer,
                       leeway=policy["leeway"], options={"require": ["exp", "iss", "aud"]})

        first_that_accepts(keys_for(policy, issuer, header), attempt)

    return verify


def joserfc(policy):
    from joserfc import jwk, jws, jwt

    class Registry(jws.JWSRegistry):
        max_header_length = 1 << 20

    registry = Registry(algorithms=policy["algorithms"], strict_check_header=False)
    made = {}

    def verify(token):
        unverified = jws.extract_compact(token.encode(), registry=registry)
        claims = json.loads(unverified.payload)
        if not isinstance(claims, dict):
            raise Refused("claims")
        header, issuer = unverified.headers(), claims.get("iss")

        def attempt(key):
            at = (issuer, json.dumps(key, sort_keys=True))
            if at not in made:
                made[at] = jwk.import_key(key)
            found = jwt.decode(token, made[at], algorithms=policy["algorithms"], registry=registry)
            rules = jwt.JWTClaimsRegistry(
                now=policy["now"], leeway=policy["leeway"], exp={"essential": True},
                iss={"essential": True, "value": issuer}, aud={"essential": True, "values": policy["audiences"]})
            rules.validate(without_nulls(found.claims))

        first_that_accepts(keys_for(policy, issuer, header), attempt)

    return verify


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def depth(value):
    if isinstance(value, dict):
        return 1 + max((depth(v) for v in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth(v) for v in value), default=0)
    return 0


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from strings(member)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def facts(token, policy):
    """What is unusual about a token; every word stands in the table of tests/tokens/differential.rs."""
    found = set()
    parts = token.split(".")
    if len(parts) != 3:
        return ["parts"]
    for part in parts:
        if "=" in part:
            found.add("padding")
        bare = part.rstrip("=")
        if re.search(r"[^A-Za-z0-9_-]", bare):
            found.add("alphabet")
        text = re.sub(r"[^A-Za-z0-9_-]", "", bare.replace("+", "-").replace("/", "_"))
        try:
            again = base64.urlsafe_b64encode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if again.rstrip(b"=").decode() != text:
                found.add("stray_bits")
        except ValueError:
            found.add("length")
    objects = []
    for part in parts[:2]:
        raw = base64.urlsafe_b64decode(re.sub(r"[^A-Za-z0-9_+/-]", "", part).replace("+", "-").replace("/", "_") + "==")
        if raw.startswith(b"\xef\xbb\xbf"):
            found.add("bom")
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            found.add("utf8")
        if b"\0" in raw:
            found.add("utf16")

        def pairs(members):
            if len({name for name, _ in members}) != len(members):
                found.add("duplicate")
            return dict(members)

        def number(text):
            value = float(text)
            if math.isinf(value):
                found.add("overflow")
            return value

        def constant(name):
            found.add("constant")
            return float("nan")

        try:
            value = json.loads(raw, object_pairs_hook=pairs, parse_float=number, parse_constant=constant)
        except ValueError:
            found.add("json")
            return sorted(found)
        if depth(value) > 32:
            found.add("depth")
        if any(re.search("[\ud800-\udfff]", s) for s in strings(value)):
            found.add("surrogate")
        objects.append(value)
    header, claims = objects[0], without_nulls(objects[1])
    if "crit" in header:
        found.add("crit")
    if header.get("b64", True) is not True:
        found.add("b64")
    if "typ" in header:
        typ = header["typ"]
        if not isinstance(typ, str):
            found.add("typ_kind")
        elif re.sub(r"^application/", "", typ, flags=re.I).lower() not in ("jwt", "at+jwt"):
            found.add("typ")
    if "kid" in header:
        kid = header["kid"]
        if not isinstance(kid, str) or len(kid) > 256 or not re.fullmatch(r"[\x20-\x7e]*", kid):
            found.add("kid_kind")
    else:
        found.add("no_kid")
    for name in ("jku", "x5u", "x5t", "x5t#S256", "cty"):
        if name in header and not isinstance(header[name], str):
            found.add("header_kind")
    if not isinstance(header.get("jwk", {}), dict):
        found.add("header_kind")
    chain = header.get("x5c", [])
    if not isinstance(chain, list) or not all(isinstance(item, str) for item in chain):
        found.add("header_kind")
    for name in ("exp", "nbf", "iat"):
        if name in claims:
            value = claims[name]
            if not is_number(value) or not 0 < value < 2**53:
                found.add("time_kind")
            elif value != int(value):
                found.add("fraction")
    for name in ("sub", "jti", "client_id", "azp", "iss"):
        if name in claims and not isinstance(claims[name], str):
            found.add("claim_kind")
    if not isinstance(claims.get("cnf", {}), dict):
        found.add("claim_kind")
    for name in ("scope", "scp"):
        scopes = claims.get(name, [])
        if not isinstance(scopes, str) and not (
            isinstance(scopes, list) and all(isinstance(s, str) for s in scopes)
        ):
            found.add("claim_kind")
    aud = claims.get("aud", [])
    if not isinstance(aud, str) and not (isinstance(aud, list) and all(isinstance(a, str) for a in aud)):
        found.add("aud_kind")
    return sorted(found)


def main():
    policy = json.loads(sys.stdin.readline())
    verify = {"pyjwt": pyjwt, "joserfc": joserfc}[sys.argv[1]](policy)
    for line in sys.stdin:
        token = line.rstrip("\n")
        try:
            verify(token)
            answer = "accept ok"
        except Exception as error:
            answer = "refuse " + type(error).__name__
        try:
            print(answer, *facts(token, policy))
        except Exception:
            # Nothing can be found about what is not even a token.
            print(answer)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
