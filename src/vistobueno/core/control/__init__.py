"""Statistical control of what is inspected: charts, the rules that speak of them, defects by weight, rates over time."""
