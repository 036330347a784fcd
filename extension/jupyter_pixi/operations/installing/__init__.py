"""A lock -> installed prefixes, their state, and what was changed behind the lock's back."""
