"""Validates values against JSON Schemas with another library: one line in, one line out.

The first line is a list of schemas. Every other line is {schema: the number of one of them, value: ...}. The answer is
`true` or `false`. What `x-duration` and `x-size` mean is found here by means of our own, as an editor would.
"""

import json
import re
import sys

import jsonschema_rs

MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
BYTES = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def duration(text):
    return sum(int(number) * MILLISECONDS[unit] for number, unit in re.findall(r"([0-9]+)(ms|s|m|h|d)", text))


def size(text):
    number, unit = re.fullmatch(r"([0-9]+)\s*([A-Za-z]*)", text).groups()
    return int(number) * BYTES[unit]


def keyword(measure):
    class Within:
        def __init__(self, _parent, bounds, _path):
            self.least, self.most = measure(bounds["minimum"]), measure(bounds["maximum"])

        def validate(self, value):
            # What has no such form is for `pattern`.
            try:
                measured = measure(value)
            except (AttributeError, KeyError, TypeError):
                return
            if not self.least <= measured <= self.most:
                raise ValueError("out of bounds")

    return Within


KEYWORDS = {"x-duration": keyword(duration), "x-size": keyword(size)}
schemas = [jsonschema_rs.Draft202012Validator(schema, keywords=KEYWORDS) for schema in json.loads(sys.stdin.readline())]
for line in sys.stdin:
    asked = json.loads(line)
    print("true" if schemas[asked["schema"]].is_valid(asked["value"]) else "false")
