"""What photographs, scores, verdicts and inspections are; pure, and below everything."""
