//! Numbers to vector pictures (SVG): axes, lines, bands, points, bars. Knows no statistics and no patients.
