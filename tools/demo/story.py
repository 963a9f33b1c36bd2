# SPDX-License-Identifier: Apache-2.0
"""The life of a use case, from its registration to new golden cases out of production: the steps that the demo shows."""

import json
import re

import neighbours
import traffic
from house import Failed

SLUG = "support-assistant"
LONG = "Answer in three sentences at most, and name the page."
SHORT = "Answer in two short sentences."
MENDED = "Answer in two short sentences, and name the page."


class Story:
    def __init__(self, house, teller):
        self.house, self.tell = house, teller
        self.dev_key = self.prod_key = self.app_key = ""
        self.neighbours = {}

    def run(self):
        for step in (self.begin, self.people, self.register, self.review, self.others, self.push, self.first_release, self.first_gate,
                     self.approve_first, self.customers, self.shorten, self.gate_fails, self.mend, self.gate_passes, self.approve,
                     self.canary, self.after, self.new_cases, self.gate_again, self.proof):
            step()

    def must(self, holds, what):
        if not holds:
            raise Failed(what)

    def edit(self, name, before, after):
        file = self.house.shop / name
        text = file.read_text()
        self.must(before in text, f"{name} does not say “{before}”")
        file.write_text(text.replace(before, after))

    # ---- before the first release

    def begin(self):
        self.tell.step("A server starts in a folder of its own, with the simulated provider: no account is needed, and no model answers.")
        self.house.start()

    def people(self):
        self.tell.step("Nobody decides on their own work: Ada writes, Rita reviews, Paul approves. Service accounts stand in for them.")
        for name, roles in (("ada", ["platform", "approver"]), ("rita", ["reviewer"]), ("paul", ["approver"])):
            words = [word for role in roles for word in ("--role", role)]
            self.house.tokens[name] = self.house.slipway("admin", "service", "create", name, *words, secret=True)

    def register(self):
        self.tell.step("Ada registers a use case: what it is for, for whom, on which data. Her answers make its risk tier.")
        self.house.slipway("ada", "use-case", "create", "--file", "use-case.yaml")
        self.house.slipway("ada", "use-case", "submit", SLUG)

    def review(self):
        self.tell.step("Rita decides the three reviews that the tier demands, one of them with a condition.")
        for discipline, decision in (("legal", ["approve"]), ("security", ["approve"]),
                                     ("risk", ["approve_with_conditions", "--condition", "Read 50 answers a month."])):
            self.house.slipway("rita", "use-case", "review", SLUG, "--discipline", discipline, "--decision", *decision, show=1)

    def others(self):
        self.tell.step("Other teams have use cases, too: registered by HTTP, reviewed, released and called.")
        self.tell.command(f"curl {self.house.url}/api/v1/use-cases -H \"Authorization: Bearer $TOKEN\" -d @use-case.json   # and so on")
        self.neighbours = neighbours.register(self.house)
        orders = neighbours.orders()
        traffic.crowd(lambda order: neighbours.call(self.house, self.neighbours, order), orders)
        self.tell.output(f"{len(neighbours.NEIGHBOURS)} use cases in every state, {len(orders)} calls")

    def push(self):
        self.tell.step("Ada's folder of YAML becomes versioned assets: prompt, models, guardrail, tool, golden cases, evaluation, policies.")
        self.house.slipway("ada", "validate")
        self.house.slipway("ada", "push", "-m", "First version", show=6)

    def first_release(self):
        self.tell.step("A release pins exact versions of the prompt and all it refers to. In dev it answers at once.")
        self.house.slipway("ada", "release", "cut", SLUG, "-m", "First release", show=1)
        self.house.slipway("ada", "promote", SLUG, "--env", "dev", "--release", "1", show=-1)
        self.dev_key = self.house.slipway("ada", "key", "create", "help-centre-dev", "--use-case", SLUG, "--environment", "dev", secret=True)
        self.tell.command(f"curl {self.house.url}/v1/chat/completions -H \"Authorization: Bearer $KEY\" -d "
                          "'{\"model\": \"support-assistant\", \"variables\": {\"question\": …, \"sources\": […]}}'")
        _, release, answer = traffic.ask(self.house, self.dev_key, traffic.GOLDEN[0], "ada")
        self.must(release == f"{SLUG}@1" and json.loads(answer)["page"] == "delivery", f"{release} answered {answer}")
        self.tell.output(f"{traffic.GOLDEN[0]}\n{answer}")

    def first_gate(self):
        self.tell.step("preprod wants evidence: the gate asks the release the golden questions, and attaches its verdict.")
        said = self.house.slipway("ada", "gate", SLUG, "--env", "preprod")
        self.must(said.startswith("PASS"), said)
        self.house.slipway("ada", "promote", SLUG, "--env", "preprod", "--release", "1", show=-1)

    def approve_first(self):
        self.tell.step("prod wants an approval as well, and Ada may not give it: she wrote the release. Paul may.")
        self.house.slipway("ada", "promote", SLUG, "--env", "prod", "--release", "1", expect=1)
        self.house.slipway("ada", "release", "approve", SLUG, "1", "--env", "prod", expect=2)
        self.house.slipway("paul", "release", "approve", SLUG, "1", "--env", "prod", "--comment", "Read the notes and ten answers.")
        self.house.slipway("paul", "promote", SLUG, "--env", "prod", "--release", "1", show=-1)

    def customers(self):
        self.tell.step("Customers ask, by HTTP with a key for prod, and say how they liked the answers.")
        self.prod_key = self.house.slipway("ada", "key", "create", "help-centre", "--use-case", SLUG, "--environment", "prod", secret=True)
        calls = traffic.customers_ask(self.house, self.prod_key, 120)
        happy, asked = traffic.customers_judge(self.house, self.prod_key, [call for call, _, _ in calls[:40]], happy=0.85)
        self.tell.output(f"{len(calls)} answers by {SLUG}@1; {happy} of {asked} who said something were happy")

    # ---- a change that is not good enough, and one that is

    def shorten(self):
        self.tell.step("Answers are too long. Ada shortens the prompt, and with it a few words too many.")
        self.edit("prompts/answer.yaml", LONG, SHORT)
        self.house.slipway("ada", "plan")
        self.house.slipway("ada", "push", "-m", "Shorter answers", show=0)
        self.house.slipway("ada", "release", "cut", SLUG, "-m", "Shorter answers", show=1)
        self.house.slipway("ada", "promote", SLUG, "--env", "dev", "--release", "2", show=0)

    def gate_fails(self):
        self.tell.step("The gate fails and says why: against what runs today, no answer names its page any more. preprod stays shut.")
        said = self.house.slipway("ada", "gate", SLUG, "--env", "preprod", expect=1)
        self.must(said.startswith("FAIL") and "names_the_page.max_drop: Certainly lower than allowed" in said, said)
        self.house.slipway("ada", "promote", SLUG, "--env", "preprod", "--release", "2", expect=1)

    def mend(self):
        self.tell.step("Ada takes the words back in.")
        self.edit("prompts/answer.yaml", SHORT, MENDED)
        self.house.slipway("ada", "push", "-m", "Shorter answers that name the page", show=3)
        self.house.slipway("ada", "release", "cut", SLUG, "-m", "Shorter answers that name the page", show=1)
        self.house.slipway("ada", "promote", SLUG, "--env", "dev", "--release", "3", show=0)

    def gate_passes(self):
        self.tell.step("The gate passes: shown to be good enough, and no worse than what runs today. preprod opens.")
        said = self.house.slipway("ada", "gate", SLUG, "--env", "preprod")
        self.must(said.startswith("PASS"), said)
        self.house.slipway("ada", "promote", SLUG, "--env", "preprod", "--release", "3", show=-1)

    def approve(self):
        self.tell.step("Paul finds the release in his queue, reads what changes, and approves it for prod.")
        self.house.slipway("paul", "approvals")
        notes = self.house.slipway("paul", "release", "notes", SLUG, "3", show=0)
        changed = re.search(r"^Answer in .*$", notes.split("Against preprod")[-1], re.M)
        self.must(changed, "the notes do not show what changes:\n" + notes)
        self.tell.output(changed.group())
        self.house.slipway("paul", "release", "approve", SLUG, "3", "--env", "prod", "--comment", "Shorter, and the pages are named.")

    # ---- in production

    def canary(self):
        self.tell.step("A fifth of the customers meets the new release, then half, then all; if it were worse, it would be taken back by itself.")
        self.house.slipway("paul", "promote", SLUG, "--env", "prod", "--release", "3", "--canary", "20,50", "--minutes", "0",
                           "--guard", "min_calls=20", "--guard", "latency=off", show=-1)

        def one(number):
            traffic.ask(self.house, self.prod_key, traffic.GOLDEN[number % len(traffic.GOLDEN)], f"customer-{number % 40}")

        stream = traffic.Stream(one)
        try:
            said = self.house.slipway("paul", "rollout", "watch", SLUG, "--env", "prod", "--for", "2")
        finally:
            calls = stream.stop()
        self.must("canary finished: release 3" in said, said)
        self.tell.output(f"{calls} calls meanwhile")

    def after(self):
        self.tell.step("The new release serves everybody. Feedback goes on counting: by release, beside errors, latency and cost.")
        calls = traffic.customers_ask(self.house, self.prod_key, 60, seed=2)
        self.must({release for _, release, _ in calls} == {f"{SLUG}@3"}, "not everybody is answered by release 3")
        self.tell.command(f"curl {self.house.url}/v1/feedback -H \"Authorization: Bearer $KEY\" -d "
                          "'{\"invocation_id\": …, \"score\": 1, \"comment\": \"Clear and short\"}'   # and so on")
        happy, asked = traffic.customers_judge(self.house, self.prod_key, [call for call, _, _ in calls[:30]], happy=0.9, seed=2)
        self.tell.output(f"{happy} of {asked} who said something were happy")
        self.house.slipway("ada", "deployments", SLUG, "--env", "prod", "--history", "4")

    def new_cases(self):
        self.tell.step("Customers of the new phone app ask what no golden case asks. Their calls become cases, masked and without repetitions.")
        made = self.house.slipway("ada", "key", "create", "phone-app", "--use-case", SLUG, "--environment", "prod", "--json", show=0)
        key = json.loads(made)
        calls = traffic.crowd(lambda one: traffic.ask(self.house, key["secret"], one, "app-" + str(len(one))), list(traffic.NEW) * 2)
        traffic.give_feedback(self.house, key["secret"], calls[0][0], 0, "I asked for the wall, not for the hours")
        sample = ["dataset", "from-invocations", f"{SLUG}/golden", "--environment", "prod", "--key", key["key"]["id"]]

        def all_found():
            return self.house.api("POST", f"/datasets/{SLUG}/golden/from-invocations",
                                  {"filters": {"environment": "prod", "key": key["key"]["id"]}}, who="ada")["matched"] == len(calls)

        self.house.eventually(all_found, "the records of the new calls")
        self.house.slipway("ada", *sample, "--tag", "phone-app", "--split", "new", "--save", "-m", "What the phone app's customers ask")
        self.house.slipway("ada", "pull")
        self.tell.step("Ada reads them, writes down which page answers each, and pushes the file.")
        self.answer_new_cases()
        self.house.slipway("ada", "push", "-m", "Pages for the phone app's questions", show=8)

    def answer_new_cases(self):
        file = self.house.shop / "datasets/golden.jsonl"
        cases = [json.loads(line) for line in file.read_text().splitlines()]
        new = [case for case in cases if case.get("split") == "new"]
        self.must(len(new) == len(traffic.NEW), f"{len(new)} new cases, not {len(traffic.NEW)}")
        for case in new:
            question = case["input"]["question"]
            case |= {"expected": {"page": traffic.NEW[question]}, "split": "test"}
            self.tell.output(f"{question}  →  {case['expected']['page']}")
        file.write_text("".join(json.dumps(case, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for case in cases))

    def gate_again(self):
        self.tell.step("From now on the gate asks these, too; the more cases, the more it can show. What runs in prod passes.")
        said = self.house.slipway("ada", "gate", SLUG, "--env", "prod", "--release", "3")
        self.must(said.startswith("PASS") and "24 cases" in said, said)

    def proof(self):
        self.tell.step("Who did what stands in the audit log, and that nothing in it was changed can be proven.")
        self.house.slipway("rita", "audit", "list", "--use-case", SLUG, "--limit", "6")
        said = self.house.slipway("rita", "audit", "verify")
        self.must(said.startswith("The audit log is whole"), said)

    # ---- while somebody looks around

    def go_on(self):
        """A call now and then, so that what is live looks alive."""
        orders = neighbours.orders(seed=4)

        def one(number):
            if number % 3 == 2:
                neighbours.call(self.house, self.neighbours, orders[number % len(orders)])
            else:
                traffic.ask(self.house, self.prod_key, traffic.GOLDEN[number * 7 % len(traffic.GOLDEN)], f"customer-{number % 40}")

        return traffic.Stream(one, workers=1, pause_s=2)
