"""PDF of a document: bidirectional text, shaping, fonts, pages."""
