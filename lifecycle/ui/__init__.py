"""The only ring that imports Streamlit."""
