"""What a search has to show: leaderboard, plots, report."""
