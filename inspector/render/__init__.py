"""From results to pixels: colours and RGBA arrays, the same for the screen and for files."""
