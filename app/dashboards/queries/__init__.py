"""Questions to the figures: a scoped warehouse in, frames and small records out. No Streamlit, no tenant filter."""
