"""Search methods measured without training: tables, known optima, a simulated clock."""
