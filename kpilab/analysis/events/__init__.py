"""What users do: funnels, paths, retention."""
