"""Counts and extracts from which nobody can be told apart."""
