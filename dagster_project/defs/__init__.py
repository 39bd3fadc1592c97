"""Assets, checks, jobs, schedules and resources, one module each."""
