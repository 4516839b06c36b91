"""Text messages to people and to contacts of companies: queued, held by quiet hours and a cap, handed to an adapter."""
