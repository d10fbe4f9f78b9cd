from kpilab.report.build import write as write
