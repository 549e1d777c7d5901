"""What a thief, a stranger's plan and a hostile venue can and can't do: each line of SECURITY.md has its test."""
