"""How many threads torch takes for work on many small matrices."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """While it lasts, torch computes in the calling thread alone; then as before.

    Small matrices are not quicker in several threads, and on a busy machine, where the threads wait
    for one another, much slower.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
