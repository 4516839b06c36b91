"""Campaigns and programmes: dated, with posts and people, and with what followed read off the records."""
