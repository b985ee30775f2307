"""Tasks: teachers, students, what they learn, how good they are."""
