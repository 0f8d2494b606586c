"""Verifies a card with the Python SDK: verify_python.py KEYS_URL < CARD

Keys are taken from KEYS_URL alone; a `jku` that leads elsewhere verifies nothing. Prints what the SDK read.
"""

import json
import sys

from a2a.client.card_resolver import parse_agent_card
from a2a.utils.signing import create_signature_verifier
from jwt import PyJWKClient
from jwt.exceptions import PyJWKClientError

KEYS_URL = sys.argv[1]
KEYS = PyJWKClient(KEYS_URL)


def key(kid, jku):
    """The key of that name."""
    if jku != KEYS_URL:
        raise PyJWKClientError(f"keys at {jku}")
    return KEYS.get_signing_key(kid)


card = parse_agent_card(json.load(sys.stdin))
create_signature_verifier(key, ["ES256"])(card)
print(json.dumps({"name": card.name, "urls": [interface.url for interface in card.supported_interfaces]}))
