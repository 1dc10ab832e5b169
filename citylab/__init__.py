"""The shared language of citylab: types and pure functions, no input or output."""
