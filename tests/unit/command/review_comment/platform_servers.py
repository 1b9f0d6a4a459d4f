"""HTTP servers that speak the few endpoints of GitHub, GitLab and Bitbucket with which a review is posted."""

import contextlib
import io
import json
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from flask_on_aws_cli.review_comment.report import COMMENT, JSON

TOKEN = "t0ken"
SHA, OTHER_SHA = "1" * 40, "2" * 40
TABLE = "### prod: 1 replaced\n\n| effect | resource |\n|---|---|\n| Replaced | db |\n"


def report_json(**consents):
    """A report as the command writes it, with a loss for each resource: its name and its consent."""
    losses = [
        {"resource": name.replace("_", "-"), "property": "engine", "reason": "It is replaced.", "consent": consent}
        for name, consent in consents.items()
    ]
    return json.dumps({"version": 1, "changes": [{"losses": losses[:1]}], "losses": losses[1:]})


def archive(text=TABLE, document=None, **files):
    """The artifact with a report."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(COMMENT, text)
        if document is not None:
            file.writestr(JSON, document)
        for name, value in files.items():
            file.writestr(name, value)
    return content.getvalue()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer("GET")

    def do_POST(self):
        self._answer("POST")

    def do_PATCH(self):
        self._answer("PATCH")

    def do_PUT(self):
        self._answer("PUT")

    def log_message(self, *_):
        pass

    def _answer(self, method):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, content = self.server.platform.answer(
            method, unquote(url.path), query, json.loads(body) if body else None, self.headers
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Platform:
    """A platform; a subclass has the endpoints."""

    def __init__(self):
        self.url = ""
        self.comments = []
        self.sent = []
        """Method and path of each request that changes something."""

    def answer(self, method, path, query, body, headers):
        if not self.authorized(headers):
            return 401, {}, b"{}"
        if method != "GET":
            self.sent.append((method, path))
        result = self.respond(method, path, query, body)
        if isinstance(result, tuple):
            return result
        return (404, {}, b"{}") if result is None else (200, {}, json.dumps(result).encode())

    def authorized(self, headers):
        return headers.get("Authorization") == f"Bearer {TOKEN}"


def page(entries, query):
    """A page of a list, as GitHub and GitLab cut it."""
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    return entries[(number - 1) * size : number * size]


class GitHub(Platform):
    """GitHub with one pull request of a fork, whose review has left this artifact."""

    def __init__(self):
        super().__init__()
        self.artifact = archive()
        self.permissions = {}
        self.statuses = []
        self.pulls = [pull()]
        self.runs = [run()]
        self.blob_url = ""

    @property
    def status(self):
        """State and description of the last commit status, which must be of the head commit."""
        sha, body = self.statuses[-1]
        assert (sha, body["context"]) == (self.pulls[0]["head"]["sha"], "data loss")
        return body["state"], body["description"]

    def respond(self, method, path, query, body):
        path = path.removeprefix("/repos/owner/shop/")
        if path == "pulls":
            found = [each for each in self.pulls if each["state"] == query["state"]]
            return page([each for each in found if each["head"]["label"] == query["head"]], query)
        if path == "pulls/7":
            return self.pulls[0]
        if path == "actions/workflows/review.yml/runs":
            found = [each for each in self.runs if each["head_sha"] == query["head_sha"]]
            return {"workflow_runs": [each for each in found if each["event"] == query["event"]]}
        if match := re.fullmatch(r"actions/runs/(\d+)/artifacts", path):
            size = len(self.artifact or b"")
            found = [{"id": 5, "name": "review", "expired": False, "size_in_bytes": size}]
            known = self.artifact is not None and int(match[1]) in [each["id"] for each in self.runs]
            return {"artifacts": found if known and query["name"] == "review" else []}
        if path == "actions/artifacts/5/zip":
            return 302, {"Location": self.blob_url}, b""
        if match := re.fullmatch(r"collaborators/(.+)/permission", path):
            found = self.permissions.get(match[1])
            return {"permission": found} if found else None
        if match := re.fullmatch(r"statuses/([0-9a-f]{40})", path):
            self.statuses.append((match[1], body))
            return {}
        if path == "issues/7/comments":
            if method == "GET":
                return page(self.comments, query)
            self.comments.append(comment(body["body"], "github-actions[bot]", "Bot"))
            return {}
        if (match := re.fullmatch(r"issues/comments/(\d+)", path)) and method == "PATCH":
            next(each for each in self.comments if each["id"] == int(match[1]))["body"] = body["body"]
            return {}
        return None


class Blob(Platform):
    """The host from which GitHub's artifacts are downloaded, which a token of GitHub is not for."""

    def __init__(self, github):
        super().__init__()
        self._github = github

    def authorized(self, headers):
        return "Authorization" not in headers

    def respond(self, method, path, query, body):
        return 200, {}, self._github.artifact


class GitLab(Platform):
    """GitLab with a merge request; user 1 has the token."""

    def authorized(self, headers):
        return headers.get("PRIVATE-TOKEN") == TOKEN

    def respond(self, method, path, query, body):
        notes = "/projects/42/merge_requests/7/notes"
        if path == "/user":
            return {"id": 1}
        if path == notes and method == "GET":
            return page(self.comments, query)
        if path == notes:
            self.comments.append({"id": len(self.comments), "author": {"id": 1}, "body": body["body"]})
            return {}
        if path.startswith(f"{notes}/") and method == "PUT":
            self.comments[int(path.rpartition("/")[2])]["body"] = body["body"]
            return {}
        return None


class Bitbucket(Platform):
    """Bitbucket with a pull request, and pages of two comments; the token's user has written those with `own`."""

    def respond(self, method, path, query, body):
        comments = "/repositories/owner/shop/pullrequests/7/comments"
        if path == comments and method == "GET":
            number = int(query["page"])
            rest = {"next": f"{self.url}{path}?page={number + 1}"} if len(self.comments) > number * 2 else {}
            return {"values": self.comments[(number - 1) * 2 : number * 2], **rest}
        if path == comments:
            self.comments.append({"id": len(self.comments), "own": True, "deleted": False, "content": body["content"]})
            return {}
        if path.startswith(f"{comments}/") and method == "PUT":
            entry = self.comments[int(path.rpartition("/")[2])]
            if not entry["own"]:
                return 403, {}, b"{}"
            entry["content"] = body["content"]
            return {}
        return None


def pull(number=7, sha=SHA, state="open"):
    head = {"sha": sha, "ref": "change", "label": "fork:change", "repo": {"full_name": "fork/shop"}}
    return {"number": number, "state": state, "head": head}


def run(number=3, sha=SHA, **fields):
    """A run of the review of the fork's branch."""
    owner = {"login": "fork"}
    head = {"head_sha": sha, "head_branch": "change", "head_repository": {"full_name": "fork/shop", "owner": owner}}
    fixed = {"id": number, "run_number": number, "event": "pull_request", "status": "completed"}
    return {**fixed, "conclusion": "failure", **head, **fields}


_numbers = iter(range(1000, 10**6))


def comment(text, user="alice", kind="User"):
    """A comment on GitHub."""
    return {"id": next(_numbers), "user": {"login": user, "type": kind}, "body": text}


@contextlib.contextmanager
def served(platform):
    """The platform at its `url`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.platform = platform
    platform.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
