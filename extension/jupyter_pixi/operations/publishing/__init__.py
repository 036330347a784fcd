"""A new manifest and lock -> both on disk or neither: journal, history of generations, and what a crash left."""
