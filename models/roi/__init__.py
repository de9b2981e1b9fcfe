"""What training returned: its effect on technicians' results, and what that was worth."""
