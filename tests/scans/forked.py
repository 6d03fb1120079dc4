"""Scans in processes of their own, forked from one that has loaded all that a scan needs.

A process that starts by itself spends seconds on loading torch and timm; a fork spends none.
``python -m tests.scans.forked`` does what every line of its input asks for.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Forked:
    """A process that scans once, as `tests.scans.scan_by_hand` does."""

    pid: int
    forks: "Forks"

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Its status: as `subprocess.Popen.wait` gives it."""
        return self.forks.ask({"wait": self.pid})


class Forks:
    """The process that is forked."""

    def __init__(self, repository: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.scans.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=repository,
            env=environment,
            text=True,
        )

    def start(self, *words: object, **environment: object) -> Forked:
        """A scan; words and variables are those of `tests.scans.scan_by_hand`."""
        variables = {name: str(value) for name, value in environment.items()}
        return Forked(self.ask({"words": [str(word) for word in words], "in": variables}), self)

    def ranks(self, world: int, *words: object) -> list[Forked]:
        """Several that scan together."""
        with socket.create_server((ADDRESS, 0)) as free:
            port = free.getsockname()[1]
        place = {"WORLD_SIZE": world, "MASTER_ADDR": ADDRESS, "MASTER_PORT": port}
        return [self.start(*words, RANK=rank, LOCAL_RANK=rank, **place) for rank in range(world)]

    def ask(self, question: Mapping[str, object]) -> int:
        self._server.stdin.write(json.dumps(question) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """What still scans is killed."""
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


def serve() -> None:
    """Answer until nobody asks any more."""
    from inspector.families.torchvision_guard import prepare_torchvision

    prepare_torchvision()
    import timm  # noqa: F401 - what a scan loads when it needs it
    import torch.distributed

    from tests.scans import scan_by_hand

    assert torch.distributed.is_available()
    children: set[int] = set()
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            children.discard(question["wait"])
            _answer(os.waitstatus_to_exitcode(status))
            continue
        child = os.fork()
        if not child:
            os.environ.update(question["in"])
            _scan(scan_by_hand.main, question["words"])
        children.add(child)
        _answer(child)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _scan(main, words: list[str]) -> None:
    status = 1
    try:
        main(words)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the status tells
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve()
