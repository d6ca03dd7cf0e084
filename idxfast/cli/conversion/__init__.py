"""The formats between which `idxfast convert` converts, with a module for each."""
