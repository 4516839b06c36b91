"""Rule books that come into force: proposed by one person, released by another, signed, and never changed after."""
