"""KPI and goal: do they move together, and which KPI is the wrong one."""
