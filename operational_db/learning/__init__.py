"""How people learn: enrollments, module completions, attempts, engagement."""
