"""What `idxfast report` finds in the files of a folder."""
