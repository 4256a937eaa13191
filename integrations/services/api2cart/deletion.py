"""eBay's notice that a member's account is deleted, which every owner of eBay keys has to take: the challenge, and "received".

eBay asks with a challenge when the address is entered in its developer portal, and then posts a notice for each account.
"""

import hashlib
import json

from integrations.service import Account
from integrations.webhooks.hook import Hook, Posted, Reply


def answer(posted: Posted, account: Account, callback: int) -> Reply:
    if posted.method == "GET":
        return challenged(posted)
    try:
        topic = json.loads(posted.body)["metadata"]["topic"]
    except (ValueError, KeyError, TypeError):
        return Reply(400, note="This is no notice of eBay's.")
    if topic != "MARKETPLACE_ACCOUNT_DELETION":
        return Reply(200, note=f"A notice about “{str(topic)[:60]}”, which leads to nothing here.")
    return Reply(
        200, note="An eBay member's account was deleted: remove what you keep of this member. The body says who."
    )


def challenged(posted: Posted) -> Reply:
    """The hash of challenge, verification token and address, in that order; eBay compares it with its own."""
    code = posted.query.get("challenge_code", "")
    if not code or not posted.key:
        return Reply(400, note="" if code else "No challenge.")
    text = f"{code}{posted.key}{posted.address}"
    told = {"challengeResponse": hashlib.sha256(text.encode()).hexdigest()}
    return Reply(200, json.dumps(told).encode(), note="eBay's challenge was answered.")


HOOK = Hook(
    "eBay account deletion",
    help="For eBay's developer portal, Alerts and Notifications. Make up a verification token of 32 to 80 letters, digits, - or _; "
    "set it here as the key and enter it there.",
    answer=answer,
    methods=("GET", "POST"),
    keep=("user-agent", "x-ebay-"),
    key="own",
)
