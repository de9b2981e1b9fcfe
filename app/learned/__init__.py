"""Where what is learned (`models`) meets what is on record (`operational_db`), for pages, API and commands alike."""
