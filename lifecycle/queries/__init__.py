"""Reads: frozen views for the screen, the API and exports."""
