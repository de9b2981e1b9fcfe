"""Digital badges: Open Badges 3.0 and 2.0 for verified certificates, images, sharing, status lists, verification."""
