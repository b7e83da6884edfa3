"""Compares decisions with those of cedarpy.

Reads lines of JSON: first the policies and the schema, then one request each with its entities, our decision and
the rules that made it. Prints how many there were and how many differ; exits with 1 if any does.
"""

import json
import sys

import cedarpy


def decide(head, line):
    request = line["request"]
    result = cedarpy.is_authorized(
        {**request, "context": json.dumps(request["context"])},
        head["policies"],
        json.dumps(line["entities"]),
        head["schema"],
    )
    # A rule that cannot be evaluated forbids.
    failed = bool(result.diagnostics.errors)
    allowed = result.decision == cedarpy.Decision.Allow and not failed
    # cedarpy numbers the rules in the order in which they stand.
    names = [part.split('"')[0] for part in head["policies"].split('@id("')[1:]]
    rules = sorted(names[int(reason.removeprefix("policy"))] for reason in result.diagnostics.reasons)
    return allowed, rules, failed


def main():
    head = json.loads(sys.stdin.readline())
    requests = allowed = differ = 0
    for text in sys.stdin:
        line = json.loads(text)
        theirs, rules, failed = decide(head, line)
        requests += 1
        allowed += line["allowed"]
        if theirs != line["allowed"] or (not failed and rules != line["rules"]):
            differ += 1
            if differ <= 5:
                print(f"we say {line['allowed']} by {line['rules']}, it says {theirs} by {rules}: {text}")
    print(f"{requests} requests, {allowed} allowed, {differ} differ")
    return 1 if differ else 0


sys.exit(main())
