"""Lists for many people at once: the same lists as `matching.matcher` makes one by one.

`first_stage` leaves out what cannot come near the head of a list, with a bound on what it left out; `second_stage`
works out the rest exactly; `lists` holds both together and asks `matcher.lines` wherever the bound does not hold.
"""
