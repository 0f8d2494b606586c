"""Verifies assertions as an agent does that runs on, by joserfc.

    verifying_agent.py ISSUER KEYS_URL KEPT

Each line of standard input is `ALGORITHM AUDIENCE ASSERTION`. The key set is fetched at first, and then whenever it is older than
KEPT seconds, never for the sake of an assertion: what names a key that is not in it does not verify. A line of JSON says after some
assertions, and at the end, how many of them verified, how many by each key, and how the first others failed.
"""

import json
import sys
import time
import urllib.request
import warnings
from collections import Counter

from joserfc import jwt
from joserfc.jwk import KeySet

# RFC 9864 has a new name for EdDSA, and joserfc says so each time.
warnings.simplefilter("ignore")
ISSUER, KEYS_URL, KEPT = sys.argv[1], sys.argv[2], float(sys.argv[3])
kids, failures, fetches = Counter(), Counter(), 0
keys, fetched = None, 0.0


def claims_for(audience):
    """What the claims must be."""
    wanted = {name: {"essential": True} for name in ("exp", "iat", "jti", "sub")}
    iss, aud = ({"essential": True, "value": value} for value in (ISSUER, audience))
    return jwt.JWTClaimsRegistry(iss=iss, aud=aud, **wanted)


def say():
    """How far it is."""
    state = {"verified": kids.total(), "failed": failures.total(), "kids": kids, "fetches": fetches}
    print(json.dumps({**state, "failures": failures.most_common(3)}), flush=True)


for nth, line in enumerate(sys.stdin, 1):
    algorithm, audience, assertion = line.split()
    if time.monotonic() - fetched >= KEPT:
        with urllib.request.urlopen(KEYS_URL, timeout=10) as response:
            keys = KeySet.import_key_set(json.load(response))
        fetched, fetches = time.monotonic(), fetches + 1
    try:
        token = jwt.decode(assertion, keys, algorithms=[algorithm])
        claims_for(audience).validate(token.claims)
        kids[token.header["kid"]] += 1
    except Exception as error:  # whatever it is, the agent would have refused the request
        failures[f"{type(error).__name__}: {error}"] += 1
    if nth % 50 == 0:
        say()
say()
