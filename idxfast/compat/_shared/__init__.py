"""What the loaders of `idxfast.compat` share."""
