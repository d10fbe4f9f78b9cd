from kpilab.analysis.external.counterfactual import Estimator as Estimator
from kpilab.analysis.external.counterfactual import counterfactual as counterfactual
from kpilab.analysis.external.market import market as market
