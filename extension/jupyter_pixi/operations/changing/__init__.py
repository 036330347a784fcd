"""A wish to change packages -> a worked-out change, guarded, published and installed as one transaction."""
