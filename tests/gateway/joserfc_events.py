"""Signs what an identity provider tells, with joserfc: joserfc_events.py ISSUER USER

Prints its public key as a JWK, a security event token (RFC 8417, CAEP) about the session of the user, and a logout token.
"""

import json
import sys
import time

from joserfc import jwt
from joserfc.jwk import ECKey

issuer, user = sys.argv[1:]
key = ECKey.generate_key("P-256", {"kid": "of-joserfc"}, auto_kid=False)
now = int(time.time())
both = {"iss": issuer, "aud": "receiver", "iat": now}


def signed(typ, claims):
    return jwt.encode({"alg": "ES256", "typ": typ, "kid": "of-joserfc"}, {**both, **claims}, key)


event = {
    "jti": "set-1",
    "sub_id": {
        "format": "complex",
        "user": {"format": "iss_sub", "iss": issuer, "sub": user},
        "session": {"format": "opaque", "id": "s-1"},
    },
    "events": {
        "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {
            "event_timestamp": now,
            "initiating_entity": "policy",
            "reason_admin": {"en": "Landspeed policy violation"},
        }
    },
}
logout = {
    "jti": "logout-1",
    "sub": user,
    "exp": now + 120,
    "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
}
print(
    json.dumps(
        {
            "jwk": key.as_dict(private=False),
            "event": signed("secevent+jwt", event),
            "logout": signed("logout+jwt", logout),
        }
    )
)
