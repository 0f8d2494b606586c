"""Verifies the assertions on standard input, one a line, as an agent would, and prints the claims of each.

    verify_assertions.py ISSUER AUDIENCE ALGORITHM KEY_SET

Two libraries do it, each with the key set as the gateway publishes it: joserfc, and PyJWT as docs/ASSERTIONS.md has it. They must
read the same claims.
"""

import json
import sys

import jwt as pyjwt
from joserfc import jwt
from joserfc.jwk import KeySet

issuer, audience, algorithm, keys = sys.argv[1:]
keys = json.loads(keys)
key_set, others = KeySet.import_key_set(keys), pyjwt.PyJWKSet.from_dict(keys)
claims = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer},
    aud={"essential": True, "value": audience},
    exp={"essential": True},
    iat={"essential": True},
    jti={"essential": True},
)
for line in sys.stdin:
    text = line.strip()
    token = jwt.decode(text, key_set, algorithms=[algorithm])
    claims.validate(token.claims)
    key = others[pyjwt.get_unverified_header(text)["kid"]]
    options = {"require": ["exp", "aud", "iss"]}
    read = pyjwt.decode(text, key, algorithms=[algorithm], issuer=issuer, audience=audience, options=options)
    assert read == token.claims, (read, token.claims)
    print(json.dumps(token.claims))
