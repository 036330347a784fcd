"""A workspace -> what people and programs want to see of it."""
