"""A stand-in for the engine: put before it on PYTHONPATH, it speaks the same protocol without solving anything."""
