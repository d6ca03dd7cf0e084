"""Ctrl-C wherever Python may look for signals. Children of tests run this module's source."""

import sys


def interrupt(call, limit):
    """Interrupt a call at the `limit`-th event of tracing idxfast's modules, if there is one.

    Return whether there was.
    """
    names = {module.__file__ for name, module in sys.modules.items() if name.startswith("idxfast")}
    events = 0

    def trace(frame, event, argument):
        nonlocal events
        if frame.f_code.co_filename not in names:
            return None
        events += 1
        if events == limit:
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return events >= limit
