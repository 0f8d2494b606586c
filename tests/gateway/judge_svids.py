"""Judges the JWT-SVIDs on standard input, one a line, as a workload would that gets them, and prints `ok` or the error of each.

    judge_svids.py TRUST_DOMAIN AUDIENCE BUNDLE

All is done by py-spiffe, with the bundle as SPIRE publishes it. It needs no Workload API for that; it could make no JWT-SVID without one.
"""

import sys

from spiffe import JwtBundle, JwtSvid, TrustDomain

domain, audience, bundle = sys.argv[1:]
bundle = JwtBundle.parse(TrustDomain(domain), bundle.encode())
for line in sys.stdin:
    try:
        JwtSvid.parse_and_validate(line.strip(), bundle, {audience})
        print("ok")
    # Without `exp` it stumbles, which is a refusal, too.
    except Exception as error:
        print(type(error).__name__)
