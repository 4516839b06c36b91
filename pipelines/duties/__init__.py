"""What is due to whom: lists, their order, and how often the duties of the plan were met."""
