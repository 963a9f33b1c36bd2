# SPDX-License-Identifier: Apache-2.0
"""customers.py RELEASE: customers ask, round after round, until all of them are answered by that release.

Then it says what happened to them: nobody may go back to the old release, or see both in turn."""

import json
import sys

import shop
from pages import FOLDER

CUSTOMERS = 40

wanted = sys.argv[1]
questions = [json.loads(line)["input"]["question"] for line in (FOLDER / "datasets/golden.jsonl").read_text().splitlines()]
seen = {f"customer-{number}": [] for number in range(CUSTOMERS)}
calls = shop.client()
while not all(releases and releases[-1] == wanted for releases in seen.values()):
    for number, (customer, releases) in enumerate(seen.items()):
        _, release, _ = shop.ask(calls, questions[number % len(questions)], user=customer)
        if releases[-1:] != [release]:
            releases.append(release)

back = [customer for customer, releases in seen.items() if len(set(releases)) != len(releases)]
print(f"{CUSTOMERS} customers are answered by {wanted} now; {len(back) or 'nobody'} went back and forth.")
