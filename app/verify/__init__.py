"""The public verification page: plain HTML from the server, without sign-in and without scripts."""
