"""Imports inside a call, while another thread forks."""

import os

import pytest

CODE = """
import os, sys, threading, warnings
from idxfast.threads.importing import importing

warnings.simplefilter("ignore")  # from Python 3.12 on, about the fork

# Its import takes as long as the main thread needs to begin to fork.
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "slow":
            begun.set()
            forking.wait()
            for _ in range(200):
                threading.Event().wait(0.0001)

def work():
    with importing:
        try:
            import slow
        except ImportError:
            pass

begun, forking = threading.Event(), threading.Event()
sys.meta_path.insert(0, Finder)
thread = threading.Thread(target=work)
thread.start()
begun.wait()
forking.set()
child = os.fork()
if not child:
    with importing:
        try:
            import slow
        except ImportError:
            os._exit(7)
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_waits_for_an_import(run_child):
    assert run_child(CODE, timeout=60) == ["7"]
