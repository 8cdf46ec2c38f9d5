"""Refusals that no schema can announce. Each is a rule of the product, and is known by its code or by its detail."""

import json

import schemathesis

# What is right in itself and does not fit what there is: the catalogue, an account, a definition, an earlier request.
RULES = {
    "UNKNOWN_SKU",
    "INACTIVE_SKU",
    "TOTAL_MISMATCH",
    "UNKNOWN_STEP",
    "STEP_NOT_SKIPPABLE",
    "CURRENCY_MISMATCH",
    "INSUFFICIENT_FUNDS",
    "BALANCE_TOO_LARGE",
    "IDEMPOTENCY_KEY_REUSED",
}

# A cursor is opaque: only one that a page gave is taken. A range whose first is after its last is refused.
PARAMETERS = {"cursor", "from", "createdFrom", "minTotalMinor"}

# Fields that depend on each other, on who asks or on the time, digits that spell a card number, signs that are not seen.
FIELDS = {
    "Money is transferred to another account.",
    "This SKU is on an earlier line.",
    "The order has no such product that can be sent back, or not so many.",
    "This looks like a card number.",
    "Whom the order is for.",
    "A customer’s key says which customer.",
    "It would be expired.",
    "After the year 9999.",
    "Without spaces around it, and without signs that cannot be seen.",
}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return failure.code != "ST202" or not is_a_rule(json.loads(response.content))


def is_a_rule(problem):
    code = problem["code"]
    if code == "INVALID_PARAMETER":
        return set(problem["detail"].removeprefix("Wrong or unknown: ").rstrip(".").split(", ")) <= PARAMETERS
    return code in RULES or bool(problem.get("errors")) and all(e["detail"] in FIELDS for e in problem["errors"])
