"""Notices: who is told that something happened or falls due, and reads it in the console."""
