"""What a lot is judged by: standards, counts, sampling plans, risks, the draw of packages and the estimate; pure."""
