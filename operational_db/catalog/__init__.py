"""What can be learned: courses, paths, reviews, and content that organizations bring themselves."""
