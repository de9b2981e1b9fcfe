"""What pages are put together from; the only place that draws."""
