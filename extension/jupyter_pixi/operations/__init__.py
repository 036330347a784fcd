"""A command's arguments -> a changed workspace, or the one that was there before. What all share stands here itself."""
