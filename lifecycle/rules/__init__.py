"""Decisions as pure functions over plain values: no clock, no session, no screen."""
