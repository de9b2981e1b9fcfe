"""Pure charts: frames in, a figure and its finding in words out."""
