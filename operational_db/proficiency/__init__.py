"""What people proved in scopes and tracks: levels, certification then and now, and the training still to do."""
