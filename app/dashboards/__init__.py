"""The pages people look at: Streamlit, over figures already cut to what the viewer may see."""
