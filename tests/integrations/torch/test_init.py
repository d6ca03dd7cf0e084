"""integrations/torch where PyTorch is not installed."""

import sys

import pytest


def test_without_torch(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("idxfast.integrations.torch")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="needs PyTorch: pip install torch"):
        import idxfast.integrations.torch  # noqa: F401
