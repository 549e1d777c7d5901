"""yaml-language-server, which is behind the YAML extensions of editors, spoken to as they do: LSP over its standard streams."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

# Names the server where it is not on the path, as after `npm install yaml-language-server`.
VARIABLE = "YAML_LANGUAGE_SERVER"


class Diagnostic(NamedTuple):
    """A squiggle: the line it begins on, counted from 1, and what hovering over it says."""

    line: int
    message: str


def found() -> str | None:
    named = os.environ.get(VARIABLE)
    return named if named and Path(named).exists() else shutil.which("yaml-language-server")


def why_not() -> str | None:
    """Why the server can't be asked, if so."""
    if shutil.which("node") is None:
        return "there is no node to run yaml-language-server with"
    return None if found() else f"yaml-language-server is neither on the path nor named by {VARIABLE}"


@contextmanager
def language_server(settings: dict[str, Any]) -> Iterator[LanguageServer]:
    """The server, with the settings of the section `yaml`."""
    program = found()
    assert program is not None
    process = subprocess.Popen([program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        server = LanguageServer(process, settings)
        server.start()
        yield server
    finally:
        process.kill()
        process.communicate()


class LanguageServer:
    def __init__(self, process: subprocess.Popen[bytes], settings: dict[str, Any]) -> None:
        self._process = process
        self._settings = settings
        self._last = 0
        self._published: dict[str, list[Diagnostic]] = {}
        self._is_configured = False

    def start(self) -> None:
        capabilities = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}
        self._ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities})
        self._notify("initialized", {})
        while not self._is_configured:
            self._take()

    def diagnostics(self, files: Iterable[Path]) -> dict[Path, list[Diagnostic]]:
        """What an editor underlines in each file."""
        waiting = {file.as_uri(): file for file in files}
        for uri, file in waiting.items():
            self._published.pop(uri, None)
            self._open(file)
        while not waiting.keys() <= self._published.keys():
            self._take()
        return {file: self._published[uri] for uri, file in waiting.items()}

    def hover(self, file: Path, line: int, column: int) -> str:
        """What resting on a word shows; line and column count from 1."""
        self._open(file)
        shown = self._ask("textDocument/hover", _at(file, line, column))
        return str(shown["contents"]["value"]) if shown else ""

    def completions(self, file: Path, line: int, column: int) -> list[str]:
        self._open(file)
        offered = self._ask("textDocument/completion", _at(file, line, column))
        return [item["label"] for item in offered["items"]]

    def _open(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})

    def _ask(self, method: str, params: object) -> Any:
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._take()
            if message.get("id") == self._last and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _notify(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _take(self) -> dict[str, Any]:
        """The server's next message; what it asks is answered, and squiggles are kept."""
        message = self._read()
        method, params = message.get("method"), message.get("params")
        if method == "textDocument/publishDiagnostics":
            found = [Diagnostic(one["range"]["start"]["line"] + 1, one["message"]) for one in params["diagnostics"]]
            self._published[params["uri"]] = sorted(found)
        elif method == "workspace/configuration":
            sections = [self._settings if item.get("section") == "yaml" else {} for item in params["items"]]
            self._send({"id": message["id"], "result": sections})
            self._is_configured = True
        elif method is not None and "id" in message:
            self._send({"id": message["id"], "result": None})
        return message

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server went away"
        read: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return read


def _at(file: Path, line: int, column: int) -> dict[str, Any]:
    return {"textDocument": {"uri": file.as_uri()}, "position": {"line": line - 1, "character": column - 1}}
