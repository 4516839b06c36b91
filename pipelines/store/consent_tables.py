"""Tables of what people agreed to, what was released to whom, and what they asked for."""
