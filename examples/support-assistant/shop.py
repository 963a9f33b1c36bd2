# SPDX-License-Identifier: Apache-2.0
"""What the shop's help centre does: find the pages that fit a question, and call the use case with OpenAI's SDK."""

import json
import os

import openai

from pages import find_pages


def client():
    return openai.OpenAI(base_url=os.environ["SLIPWAY_API"], api_key=os.environ["SLIPWAY_KEY"])


def ask(calls, question, user, tier="guest"):
    """The parsed answer, the release that gave it, and the call's id."""
    raw = calls.chat.completions.with_raw_response.create(
        model="support-assistant",
        messages=[],
        user=user,
        extra_body={"variables": {"question": question, "tier": tier, "sources": find_pages(question)}},
    )
    answer = json.loads(raw.parse().choices[0].message.content)
    return answer, raw.headers["x-slipway-release"], raw.headers["x-slipway-invocation-id"]
