"""The store as a whole: its state, backups, files in and out, retention."""
