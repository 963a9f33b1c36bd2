# SPDX-License-Identifier: Apache-2.0
"""check.py RELEASE REPORT: asks a release in dev the golden questions, and writes the report that a gate asks for.

Judges what can be judged without a model: whether answers have the agreed shape, whether the page that answers is among
those the question found, and whether the answer names it."""

import json
import pathlib
import subprocess
import sys

import yaml

import shop

number, report_file = sys.argv[1], pathlib.Path(sys.argv[2])
evaluation = yaml.safe_load((shop.FOLDER / "evaluations/golden.yaml").read_text())
cases = [json.loads(line) for line in (shop.FOLDER / "datasets/golden.jsonl").read_text().splitlines()]
cases = [case for case in cases if case["split"] == evaluation["split"]]
release = json.loads(subprocess.run(["slipway", "--json", "release", "show", "support-assistant", number],
                                    check=True, capture_output=True, text=True).stdout)
scores = {"fits_schema": 0, "finds_the_page": 0, "names_the_page": 0}
calls = shop.client()
for case in cases:
    question, wanted = case["input"]["question"], case["expected"]["page"]
    answer, answered_by = shop.ask(calls, question, user=f"golden-{case['id']}", tier=case["input"].get("tier", "guest"))
    if answered_by != release["id"]:
        sys.exit(f"{answered_by} answered, not {release['id']}: promote it to dev first")
    scores["fits_schema"] += set(answer) == {"answer", "page", "to_a_person"}
    scores["finds_the_page"] += wanted in [page["name"] for page in shop.find_pages(question)]
    scores["names_the_page"] += answer.get("page") == wanted

metrics = {name: round(count / len(cases), 3) for name, count in scores.items()}
failed = [limit["metric"] for limit in evaluation["thresholds"] if metrics[limit["metric"]] < limit["min"]]
summary = f"{len(cases)} questions" + (f"; too low: {', '.join(failed)}" if failed else "")
report = {"name": "support-assistant/evaluation/golden", "subject": release["digest"],
          "result": "fail" if failed else "pass", "summary": summary, "metrics": metrics}
report_file.write_text(json.dumps(report, indent=2) + "\n")
print(f"{release['id']}: {report['result']}, {summary}", *(f"  {name} {value}" for name, value in metrics.items()), sep="\n")
