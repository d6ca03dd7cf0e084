"""A page about a data set: what is found in its files, as data, and the page itself."""
