"""What an organization requires of its people, assigns to them and excuses them from."""
