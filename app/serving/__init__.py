"""Running an installation: which processes serve it, keeping them alive, and ending every one of them."""
