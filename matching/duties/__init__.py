"""What offices owe to a person: services by the year, follow-ups, papers and terms that end."""
