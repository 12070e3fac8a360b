"""Rows into the plain values the rules take, and the standing rows kept up to date."""
