"""What people see: plans, stories and answers, laid out for a screen."""
