"""How many threads to use, threads that can always be joined, and an ordered map over threads."""
