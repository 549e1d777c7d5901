"""Whatever comes from outside, nothing raises but what is promised, and nothing takes long or grows without bound."""
