"""Verifies the assertions on standard input, one a line, as an agent would, and prints the claims of each.

    verify_assertions.py ISSUER AUDIENCE KEY_SET

All is done by joserfc, with the key set as the gateway publishes it.
"""

import json
import sys

from joserfc import jwt
from joserfc.jwk import KeySet

issuer, audience, keys = sys.argv[1:]
keys = KeySet.import_key_set(json.loads(keys))
claims = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer},
    aud={"essential": True, "value": audience},
    exp={"essential": True},
    iat={"essential": True},
    jti={"essential": True},
)
for line in sys.stdin:
    token = jwt.decode(line.strip(), keys, algorithms=["ES256"])
    claims.validate(token.claims)
    print(json.dumps(token.claims))
