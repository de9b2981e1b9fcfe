"""What recommending courses needs to know of people, courses and paths, and which recommendations somebody put away."""
