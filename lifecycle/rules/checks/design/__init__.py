"""Checks first enforced at Design, by what they are about; importing this package registers them all."""

from lifecycle.rules.checks.design import delivery, launch, people, watching

__all__ = ["delivery", "launch", "people", "watching"]
