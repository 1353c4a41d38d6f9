"""The panel Train without its window: orders made from what was chosen, and the jobs that come of them."""
