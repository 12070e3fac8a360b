"""Writes. Each action checks who acts, lets the rules decide, changes rows and records one event."""
