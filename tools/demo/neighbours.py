# SPDX-License-Identifier: Apache-2.0
"""What else a company does with models, so that registry, queue and overview look as they do: other use cases in every
state, with calls of their own."""

import random

from house import Failed

STAFF = {"people": "staff", "autonomy": "draft", "data": "internal", "domain": "productivity", "exposure": "company", "disclosure": "told"}
# slug, name, owner, purpose, data classes, answers that differ from STAFF, how far it is, calls in prod, model, questions
NEIGHBOURS = [
    ("meeting-notes", "Meeting notes", "mira", "Writes minutes of meetings from transcripts.", ["internal"], {}, "approved", 60,
     "simulated-small", ["Summarise the weekly of the repair shop.", "List what was decided about the autumn catalogue."]),
    ("product-texts", "Product texts", "jonas", "Drafts texts for the web shop from data sheets.", ["public"],
     {"data": "public", "domain": "customer_service"}, "approved", 45, "simulated-large",
     ["Describe a three-season tent for two.", "Write a text for a rucksack of 45 litres, in 60 words."]),
    ("contract-summary", "Contract summaries", "lea", "Summarises suppliers' contracts for the purchase team.", ["internal"],
     {}, "approved", 25, "simulated-large", ["Which terms of notice does the contract with the rope maker have?"]),
    ("cv-screening", "Applications at a glance", "tom", "Sums up applications for the people who decide on them.", ["personal"],
     {"people": "vulnerable", "data": "personal", "domain": "employment"}, "in review", 0, "", []),
    ("returns-forecast", "Forecast of returns", "mira", "Explains the weekly forecast of returns in words.", ["internal"], {}, "draft", 15,
     "simulated-small", ["Why will more boots come back next week?"]),
    ("newsletter", "Newsletter helper", "jonas", "Proposed subject lines for the newsletter.", ["public"], {}, "retired", 0, "", []),
]


def register(house):
    """slug → key, of those that call. Rita reviews and Paul approves where somebody has to."""
    keys = {}
    for slug, name, owner, purpose, classes, answers, state, _, model, _ in NEIGHBOURS:
        house.api("POST", "/use-cases", {
            "slug": slug, "name": name, "owner": owner, "purpose": purpose, "users_affected": "Staff of the company.",
            "data_classes": classes, "answers": STAFF | answers, "mitigations": "A person reads every answer before it is used.",
            "known_limits": "Knows only what it is given.", "cost_tags": {"team": owner}})
        if state != "draft":
            submitted = house.api("POST", f"/use-cases/{slug}/submit")
        if state == "approved":
            for review in submitted["reviews"]:
                if review["state"] == "missing":
                    house.api("POST", f"/use-cases/{slug}/reviews", {"discipline": review["discipline"], "decision": "approve"}, who="rita")
            release(house, slug, purpose, model)
        if state == "retired":
            house.api("POST", f"/use-cases/{slug}/retire", {"reason": "The editors write better ones."})
        if state in ("draft", "approved"):
            made = house.api("POST", "/keys", {"name": f"{slug} service", "use_case": slug,
                                               "environment": "dev" if state == "draft" else "prod"})
            keys[slug] = made["secret"]
    return keys


def release(house, slug, purpose, model):
    """A prompt of one sentence, all the way to prod."""
    house.api("POST", "/assets/push", {"message": "First version", "assets": [
        {"owner": slug, "kind": "model", "name": "main", "content": {"connection": "simulated", "model": model}},
        {"owner": slug, "kind": "prompt", "name": "main", "content": {
            "model": "main", "description": purpose, "messages": [{"role": "system", "content": "You help the staff of a shop. " + purpose}]}}]})
    number = house.api("POST", f"/use-cases/{slug}/releases", {"message": "First release"})["number"]
    house.api("POST", f"/use-cases/{slug}/releases/{number}/approvals", {"environment": "prod", "decision": "approve"}, who="paul")
    for environment in ("dev", "preprod", "prod"):
        house.api("POST", f"/use-cases/{slug}/promotions", {"environment": environment, "release": number})


def orders(seed=3):
    """Every call once: (slug, model, question, user, whether its provider is down, which happens to one in twenty)."""
    dice = random.Random(seed)
    made = []
    for slug, _, _, _, _, _, state, count, model, questions in NEIGHBOURS:
        for _ in range(count):
            made.append((slug, slug if state == "approved" else model, dice.choice(questions), f"staff-{dice.randrange(12)}", dice.random() < 0.05))
    dice.shuffle(made)
    return made


def call(house, keys, order):
    """Streamed, as chats are."""
    slug, model, question, user, down = order
    body = {"model": model, "user": user, "stream": True, "messages": [{"role": "user", "content": question}]}
    if down:  # what a release does not say, its callers may not ask for
        body |= {"model": "simulated-small", "simulate": {"status": 503}}
    status, _, answer = house.send("POST", "/v1/chat/completions", body, keys[slug])
    if (status == 200) == down:
        raise Failed(f"a call of {slug} was answered with {status}: {answer}")
