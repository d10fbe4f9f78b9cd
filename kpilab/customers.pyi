from kpilab.analysis.customers.growth import growth as growth
