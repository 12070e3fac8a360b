"""Tests of the pure rules: plain values in, verdicts out."""
