"""What a command ends with: a check that did not hold, wrong use, rows rejected, refused as a whole."""

DONE, CHECK_FAILED, USAGE, SOME_REJECTED, REFUSED = 0, 1, 2, 3, 4
