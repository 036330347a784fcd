"""A workspace -> files with which it runs elsewhere; and what comes from elsewhere -> a workspace here."""
