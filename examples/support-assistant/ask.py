# SPDX-License-Identifier: Apache-2.0
"""ask.py QUESTION: asks the use case as the help centre does."""

import sys

import shop

question = " ".join(sys.argv[1:])
print("Pages:   ", ", ".join(page["name"] for page in shop.find_pages(question)) or "none")
answer, release, call = shop.ask(shop.client(), question, user="customer-1")
print("Answer:  ", answer["answer"])
print("Rests on:", answer["page"] or "-")
print("Release: ", release)
print("Call:    ", call)
