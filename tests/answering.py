"""A web server of a test's own, where planrunner expects a venue: another program, a stranger, or somebody in between."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# Path, headers and body of a POST, to status and body.
Answers = Callable[[str, Mapping[str, str], bytes], tuple[int, bytes]]


@contextmanager
def answering(answers: Answers) -> Iterator[str]:
    """The address of a server that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answers(self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def passed_on(url: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """What the server behind says to it."""
    behind = http.client.HTTPConnection(urlsplit(url).netloc)
    behind.request("POST", path, body, dict(headers))
    answer = behind.getresponse()
    status, content = answer.status, answer.read()
    behind.close()
    return status, content
