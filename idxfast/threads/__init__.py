"""Threads: how many, one that can be started and joined whatever happens, and an ordered map."""
