# SPDX-License-Identifier: Apache-2.0
"""Stubs of GitHub's and GitLab's APIs that check every request as the forges document them:
docs.github.com/rest/issues/comments, docs.gitlab.com/api/notes."""

import http.server
import json
import os
import re
import threading
import urllib.parse


class Forge(http.server.ThreadingHTTPServer):
    """Keeps comments; `faults` holds what a client did that the real one would not take."""

    def __init__(self, kind):
        super().__init__(("127.0.0.1", 0), Handler)
        self.kind, self.comments, self.faults, self.calls, self.refuse = kind, [], [], [], None
        self.next_id = 7001
        # What the forge knows of the commit c0ffee: docs.github.com/rest/commits/commits, docs.gitlab.com/api/commits.
        self.requests = [{"number": 11, "iid": 11, "merged_at": None, "state": "closed"},
                         {"number": 12, "iid": 12, "merged_at": "2026-11-30T12:00:00Z", "state": "merged"}]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, body):
        self.comments.append({"id": self.next_id, "body": body})
        self.next_id += 1
        return self.comments[-1]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def fault(self, text):
        self.server.faults.append(f"{self.command} {self.path}: {text}")

    def send(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        if self.headers.get("Content-Type") != "application/json":
            self.fault("a body must be application/json")
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if set(sent) != {"body"} or not isinstance(sent["body"], str) or not sent["body"]:
            self.fault(f"the body must be {{\"body\": text}}, not {sent}")
        if len(sent["body"]) > (65_536 if self.server.kind == "github" else 1_000_000):
            self.fault("longer than the forge takes")
        return sent["body"]

    def serve(self):
        self.server.calls.append(self.command)
        if not self.headers.get("User-Agent"):
            self.fault("GitHub refuses requests without a User-Agent")
        if self.server.refuse:
            return self.send(self.server.refuse, {"message": "Resource not accessible by integration"})
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if self.server.kind == "github":
            if self.headers.get("Authorization") != "Bearer t0ken":
                return self.send(401, {"message": "Bad credentials"})
            if self.headers.get("Accept") != "application/vnd.github+json" or not self.headers.get("X-GitHub-Api-Version"):
                self.fault("the recommended Accept and version headers are missing")
            many, one, change = r"/repos/acme/app/issues/12/comments", r"/repos/acme/app/issues/comments/(\d+)", "PATCH"
        else:
            if self.headers.get("PRIVATE-TOKEN") != "t0ken":
                return self.send(401, {"message": "401 Unauthorized"})
            many, one, change = r"/projects/34/merge_requests/12/notes", r"/projects/34/merge_requests/12/notes/(\d+)", "PUT"
        about = r"/repos/acme/app/commits/c0ffee/pulls" if self.server.kind == "github" else \
            r"/projects/34/repository/commits/c0ffee/merge_requests"
        if re.fullmatch(about, url.path) and self.command == "GET":
            return self.send(200, self.server.requests)
        if re.fullmatch(many, url.path) and self.command == "GET":
            size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
            if size > 100:
                self.fault("per_page is 100 at most")
            start = (page - 1) * size
            more = len(self.server.comments) > start + size
            headers = ([("Link", f'<{self.server.url}{url.path}?page={page + 1}>; rel="next"')] if more else []) \
                if self.server.kind == "github" else [("X-Next-Page", str(page + 1) if more else "")]
            return self.send(200, self.server.comments[start:start + size], headers)
        if re.fullmatch(many, url.path) and self.command == "POST":
            return self.send(201, self.server.add(self.body()))
        found = re.fullmatch(one, url.path)
        if found and self.command == change:
            comment = next(c for c in self.server.comments if c["id"] == int(found[1]))
            comment["body"] = self.body()
            return self.send(200, comment)
        self.fault("there is no such address or method")
        return self.send(404, {"message": "Not Found"})

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = serve


def environment(forge, tmp_path):
    """What the forge sets in a job on request 12."""
    base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    if forge.kind == "gitlab":
        return base | {"GITLAB_CI": "true", "CI_API_V4_URL": forge.url, "CI_PROJECT_ID": "34", "CI_MERGE_REQUEST_IID": "12",
                       "SLIPWAY_GITLAB_TOKEN": "t0ken"}
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 12}}))
    return base | {"GITHUB_API_URL": forge.url, "GITHUB_REPOSITORY": "acme/app", "GITHUB_EVENT_PATH": str(event),
                   "GITHUB_TOKEN": "t0ken", "GITHUB_EVENT_NAME": "pull_request"}


def after_the_merge(forge, tmp_path):
    """What the forge sets in a job on the commit that request 12 became."""
    env = environment(forge, tmp_path)
    if forge.kind == "gitlab":
        del env["CI_MERGE_REQUEST_IID"]
        return env | {"CI_COMMIT_SHA": "c0ffee"}
    (tmp_path / "event.json").write_text(json.dumps({"head_commit": {"id": "c0ffee"}}))
    return env | {"GITHUB_EVENT_NAME": "push", "GITHUB_SHA": "c0ffee"}
