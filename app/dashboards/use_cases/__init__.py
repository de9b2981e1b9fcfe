"""What pages do with live records: each function is one use case of a service in one transaction. No Streamlit."""
