#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts a Markdown file on a pull or merge request as one comment, and updates that comment from then on.

    comment.py [--if-any] FILE

With --if-any it is no error if there is no request: what was pushed directly has none. The file's first line is a mark (`<!-- … -->`) by which the comment is found again. Where to put it comes from what GitHub
Actions and GitLab CI set in the environment:

    GitHub   GITHUB_TOKEN, GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH, GITHUB_SHA
    GitLab   SLIPWAY_GITLAB_TOKEN (a project access token with the scope api), CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID,
             CI_COMMIT_SHA

After a merge the event belongs to a commit: the request that brought it is asked for.

Needs nothing but Python 3.8. Exit code 0: the comment is there; 2: wrong use; 3: the forge said no or can't be reached."""

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT_S = 30
PAGES = 50  # of 100 comments each
LIMITS = {"github": 65_536, "gitlab": 1_000_000}  # characters the forges take


class Trouble(Exception):
    def __init__(self, message, code=3):
        super().__init__(message)
        self.code = code


def need(name, why):
    value = os.environ.get(name, "")
    if not value:
        raise Trouble(f"{name} is not set: {why}", 2)
    return value


class NoRequest(Trouble):
    pass


class Forge:
    """One of the two: where comments are, and how they are read and written."""

    def call(self, method, url, body=None):
        request = urllib.request.Request(url, method=method, headers=self.headers | {"User-Agent": "slipway-ci"},
                                         data=None if body is None else json.dumps(body).encode())
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            said = error.read(2_000).decode("utf-8", "replace")
            raise Trouble(f"{method} {url}: {error.code} {error.reason}. {said}\n{self.advice(error.code)}") from None
        except (urllib.error.URLError, TimeoutError) as error:
            raise Trouble(f"{method} {url}: {getattr(error, 'reason', error)}") from None

    def find(self, mark):
        for page in range(1, PAGES + 1):
            comments, headers = self.call("GET", f"{self.comments}?per_page=100&page={page}")
            for comment in comments:
                if (comment.get("body") or "").replace("\r\n", "\n").split("\n", 1)[0].strip() == mark:
                    return comment
            if not self.more(headers):
                return None
        return None


class GitHub(Forge):
    name = "github"

    def __init__(self):
        token = need("GITHUB_TOKEN", "pass github.token to the step, and give the job `permissions: pull-requests: write`")
        api = need("GITHUB_API_URL", "this runs within GitHub Actions").rstrip("/")
        repository = need("GITHUB_REPOSITORY", "this runs within GitHub Actions")
        with open(need("GITHUB_EVENT_PATH", "this runs within GitHub Actions"), encoding="utf-8") as file:
            event = json.load(file)
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json",
                        "X-GitHub-Api-Version": "2022-11-28"}
        number = (event.get("pull_request") or {}).get("number") or self.merged(api, repository)
        if not number:
            raise NoRequest("this event belongs to no pull request", 2)
        self.base = f"{api}/repos/{repository}/issues"
        self.comments = f"{self.base}/{number}/comments"

    def merged(self, api, repository):
        commit = os.environ.get("GITHUB_SHA")
        requests = self.call("GET", f"{api}/repos/{repository}/commits/{commit}/pulls")[0] if commit else []
        return next((one["number"] for one in requests if one.get("merged_at")), None)

    def more(self, headers):
        return 'rel="next"' in (headers.get("Link") or "")

    def update(self, comment, body):
        self.call("PATCH", f"{self.base}/comments/{comment['id']}", {"body": body})

    def create(self, body):
        self.call("POST", self.comments, {"body": body})

    def advice(self, status):
        return "Give the job `permissions: pull-requests: write`." if status in (401, 403, 404) else ""


class GitLab(Forge):
    name = "gitlab"

    def __init__(self):
        token = need("SLIPWAY_GITLAB_TOKEN", "make a project access token with the scope api and set it as a masked variable")
        api = need("CI_API_V4_URL", "this runs within GitLab CI").rstrip("/")
        project = urllib.parse.quote(need("CI_PROJECT_ID", "this runs within GitLab CI"), safe="")
        self.headers = {"PRIVATE-TOKEN": token, "Accept": "application/json"}
        request = os.environ.get("CI_MERGE_REQUEST_IID") or self.merged(api, project)
        if not request:
            raise NoRequest("this pipeline belongs to no merge request", 2)
        self.comments = f"{api}/projects/{project}/merge_requests/{request}/notes"

    def merged(self, api, project):
        commit = os.environ.get("CI_COMMIT_SHA")
        requests = self.call("GET", f"{api}/projects/{project}/repository/commits/{commit}/merge_requests")[0] if commit else []
        return next((one["iid"] for one in requests if one.get("state") == "merged"), None)

    def more(self, headers):
        return bool(headers.get("X-Next-Page"))

    def update(self, comment, body):
        self.call("PUT", f"{self.comments}/{comment['id']}", {"body": body})

    def create(self, body):
        self.call("POST", self.comments, {"body": body})

    def advice(self, status):
        return "The token needs the scope api and at least the role Reporter." if status in (401, 403, 404) else ""


def read_body(path, limit):
    with open(path, encoding="utf-8") as file:
        body = file.read()
    mark = body.split("\n", 1)[0].strip()
    if not re.fullmatch(r"<!-- .+ -->", mark):
        raise Trouble(f"{path}: the first line must be a mark like `<!-- slipway plan: support-assistant -->`", 2)
    if len(body) > limit:
        body = body[:limit - 100] + "\n\n… cut here: more than the forge takes in one comment.\n"
    return mark, body


def main(arguments):
    if_any = arguments[:1] == ["--if-any"]
    arguments = arguments[1:] if if_any else arguments
    if len(arguments) != 1:
        raise Trouble("usage: comment.py [--if-any] FILE", 2)
    gitlab = os.environ.get("GITLAB_CI") or (os.environ.get("CI_API_V4_URL") and not os.environ.get("GITHUB_API_URL"))
    try:
        forge = GitLab() if gitlab else GitHub()
    except NoRequest as none:
        if not if_any:
            raise
        print(f"no comment: {none}")
        return
    mark, body = read_body(arguments[0], LIMITS[forge.name])
    there = forge.find(mark)
    if there is None:
        forge.create(body)
        print("commented")
    elif (there.get("body") or "").replace("\r\n", "\n").rstrip() == body.rstrip():
        print("the comment says so already")
    else:
        forge.update(there, body)
        print("updated the comment")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Trouble as trouble:
        print(f"comment.py: {trouble}", file=sys.stderr)
        sys.exit(trouble.code)
    except OSError as error:
        print(f"comment.py: {error}", file=sys.stderr)
        sys.exit(2)
